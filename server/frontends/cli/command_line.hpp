// Reads the command line: which command, and its arguments. Pure: reads no environment and no terminal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/cli/program.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::cli {

class Subcommand;

struct CommandLine {
  Command command;
  std::shared_ptr<const Subcommand> subcommand;  // null: `command` is a text to show
  std::string host;                              // the engine's address; empty: as configured
  std::string host_option;                       // by what a person gives `host`, for messages; empty: --host
  LogFlags log;
};

// `arguments`: without the name of the program. Errors (invalid_request) are one line that
// says what to do; exit code kNotRunExit. Checks whether a word that looks like an option is a file.
Result<CommandLine> parse(std::vector<std::string> arguments, const std::string& version);

// Does what the command line says. Returns the exit code of the process, and writes errors to stderr.
int run(CommandLine line, Program& program);

}  // namespace dind::frontends::cli
