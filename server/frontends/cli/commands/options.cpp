#include "frontends/cli/commands/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "frontends/cli/arguments.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {

CLI::Option* add_repeated(CLI::App& to, const std::string& name, std::vector<std::string>& values,
                          const std::string& help, const std::string& value_name) {
  return to.add_option(name, values, help)->type_name(value_name)->expected(1)->allow_extra_args(false)->take_all();
}

Result<void> refuse_empty_values(const CLI::App& command, const std::string& name) {
  for (const auto* option : command.get_options())
    if (option->get_expected_min() > 0)
      for (const auto& value : option->results())
        if (value.empty()) return wrong(name + ": the value of " + option->get_name() + " is empty");
  return {};
}

Result<std::map<std::string, std::string>> parse_variables(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> variables;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) return wrong("--env: one of the values is not NAME=VALUE");
    variables.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return variables;
}

int report(const Error& error) {
  std::fprintf(stderr, "dind-executor: %s\n", error.message.c_str());
  return kNotRunExit;
}

}  // namespace dind::frontends::cli
