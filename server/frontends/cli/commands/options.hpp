// What the options of several commands have in common.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace dind::frontends::cli {

// Adds an option that may be repeated. Each time it takes one value, so it never takes the FILE that follows.
CLI::Option* add_repeated(CLI::App& to, const std::string& name, std::vector<std::string>& values,
                          const std::string& help, const std::string& value_name);

// An empty value comes from an unset variable of a script. It must not silently mean the default.
// Error (invalid_request): names the first option with an empty value. `command`: its name in the message.
Result<void> refuse_empty_values(const CLI::App& command, const std::string& name);

// "NAME=VALUE" of each --env. The message does not repeat what was typed: it may be only the secret.
Result<std::map<std::string, std::string>> parse_variables(const std::vector<std::string>& pairs);

inline std::optional<std::string> optional_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// Writes "dind-executor: MESSAGE" to stderr. Returns the exit code of a command that was not done.
int report(const Error& error);

}  // namespace dind::frontends::cli
