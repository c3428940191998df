#include "frontends/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/program_file.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

constexpr const char* kOverview = R"(Examples:
  dind-executor run hello.py                        run a file; its extension says how
  dind-executor run hello.py -- --size 3 input      the program's own arguments follow --
  echo 'print(6*7)' | dind-executor run -l python - run a program from stdin
  dind-executor run --image alpine:3.20 -- ls -la / run a command in an image
  dind-executor run --workspace .                   run a whole folder
  dind-executor ps                                  what runs at this moment, and for whom
  dind-executor history                             what ran before, and how it ended
  dind-executor doctor                              what is missing, and how to fix it

Every run gets a fresh container without a network, which is removed afterwards.
`dind-executor run --help` lists limits, their defaults and the exit codes.)";

struct RawLog {
  std::optional<std::string> level, format, file;
};

Result<LogFlags> parse_log_flags(const RawLog& raw) {
  LogFlags flags;
  if (raw.level && !(flags.level = parse_log_level(*raw.level)))
    return wrong("--log-level: \"" + *raw.level + "\" is not debug, info, warning, error or off");
  if (raw.format && !(flags.format = parse_log_format(*raw.format)))
    return wrong("--log-format: \"" + *raw.format + "\" is neither text nor json");
  if (raw.file && raw.file->empty()) return wrong("--log-file: the value is empty");
  flags.file = raw.file;
  return flags;
}

std::string without_line_ends(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  while (text.ends_with(' ') || text.ends_with('.')) text.pop_back();
  return text;
}

// What is the same for each command, and the commands.
struct Parser {
  CLI::App app{"Runs code in a fresh, hardened, throw-away container of a Docker engine.", "dind-executor"};
  std::vector<std::pair<std::shared_ptr<Subcommand>, CLI::App*>> commands;
  std::string host, host_option;
  RawLog log;

  explicit Parser(const std::string& version) {
    app.footer(kOverview);
    app.require_subcommand(1, 1);
    app.set_version_flag("--version,-V", "dind-executor " + version, "Print the version and exit");
    add_global_options(app);
    for (auto& made : make_commands()) {
      std::shared_ptr<Subcommand> command(std::move(made));
      CLI::App* added = app.add_subcommand(command->name(), command->summary());
      command->add_options(*added);
      if (command->takes_host_option())
        added
            ->add_option("--host-option", host_option,
                         "For editors: what messages call the source of --host, such as a setting (default: --host)")
            ->type_name("TEXT");
      added->footer(command->examples());
      add_global_options(*added);
      for (CLI::App* each : added->get_subcommands({})) add_global_options(*each);
      commands.emplace_back(std::move(command), added);
    }
  }

  // Added on every level, so that these options may come before and after the command.
  void add_global_options(CLI::App& to) {
    to.add_option("--host", host,
                  "The engine: unix:///path, tcp://host:port (default: configuration, DOCKER_HOST, docker context)")
        ->type_name("ADDRESS");
    to.add_option("--log-level", log.level, "debug, info, warning, error or off (default warning)")->type_name("LEVEL");
    to.add_option("--log-format", log.format, "text, or json: one object a line (default text)")->type_name("FORMAT");
    to.add_option("--log-file", log.file, "Write the log there instead of to stderr")->type_name("FILE");
  }

  bool has(const std::string& name) const {
    return std::ranges::any_of(commands, [&](const auto& each) { return each.second->get_name() == name; });
  }
  // "run, languages and lsp"
  std::string names(const char* last) const {
    std::string list;
    for (const auto& each : commands)
      list += (list.empty() ? "" : &each == &commands.back() ? last : ", ") + each.second->get_name();
    return list;
  }
};

// nullopt: parsed. A text: --help or --version.
Result<std::optional<std::string>> parse_options(Parser& parser, const std::vector<std::string>& arguments) try {
  parser.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the end
  return std::nullopt;
} catch (const CLI::CallForVersion& e) {
  return std::string(e.what()) + '\n';
} catch (const CLI::Success&) {
  return parser.app.help();
} catch (const CLI::ExtrasError& e) {
  const std::string hint = parser.app.got_subcommand("run")
                               ? "; the program's own arguments follow `--`" + files_for_options(arguments)
                               : "";
  return wrong(without_line_ends(e.what()) + hint + "; `dind-executor --help` lists all commands and options");
} catch (const CLI::ParseError& e) {
  return wrong(without_line_ends(e.what()) + "; `dind-executor --help` lists all commands and options");
}

}  // namespace

std::vector<std::unique_ptr<Subcommand>> make_commands() {
  std::vector<std::unique_ptr<Subcommand>> all;
  for (const auto make :
       {make_run_command, make_languages_command, make_doctor_command, make_gc_command, make_ps_command,
        make_stop_command, make_history_command, make_serve_command, make_rpc_command, make_lsp_command})
    all.push_back(make());
  return all;
}

Result<CommandLine> parse(std::vector<std::string> arguments, const std::string& version) {
  // Everything after the first `--` belongs to the program, whatever it looks like.
  Rest rest;
  if (const auto separator = std::ranges::find(arguments, "--"); separator != arguments.end()) {
    rest.emplace(separator + 1, arguments.end());
    arguments.erase(separator, arguments.end());
  }
  Parser parser(version);
  if (arguments.empty() && !rest)
    return wrong("Name a command: " + parser.names(" or ") + "; `dind-executor --help` explains them");
  if (!arguments.empty() && !arguments.front().starts_with('-') && !parser.has(arguments.front()))
    return wrong("There is no command \"" + arguments.front() + "\"; commands: " + parser.names(", ") +
                 "; `dind-executor --help` explains them");
  if (const auto checked = check_options(arguments); !checked) return std::unexpected(checked.error());
  const auto text = parse_options(parser, arguments);
  if (!text) return std::unexpected(text.error());
  CommandLine line;
  if (*text) {
    line.command = ShowText{**text};
    return line;
  }
  const auto& subcommand =
      std::ranges::find_if(parser.commands, [](const auto& each) { return each.second->parsed(); })->first;
  const auto log_flags = parse_log_flags(parser.log);
  if (!log_flags) return std::unexpected(log_flags.error());
  if (rest && !subcommand->takes_rest()) return wrong("Only `run` and `history rerun` take arguments after --");
  auto command = subcommand->arguments(std::move(rest));
  if (!command) return std::unexpected(command.error());
  line.command = std::move(*command);
  line.subcommand = subcommand;
  line.host = parser.host;
  line.host_option = parser.host_option;
  line.log = *log_flags;
  return line;
}

int run(CommandLine line, Program& program) {
  if (line.subcommand) return line.subcommand->run(std::move(line.command), program);
  std::cout << std::get<ShowText>(line.command).text << std::flush;
  return 0;
}

}  // namespace dind::frontends::cli
