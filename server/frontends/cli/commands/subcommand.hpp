// A command of `dind-executor`: its name, its help, its options, and what it does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/cli/program.hpp"

namespace CLI {
class App;
}

namespace dind::frontends::cli {

// What follows `--`; nullopt: the command line has no `--`.
using Rest = std::optional<std::vector<std::string>>;

class Subcommand {
 public:
  virtual ~Subcommand() = default;
  virtual const char* name() const = 0;
  virtual const char* summary() const = 0;   // one line for `dind-executor --help`
  virtual const char* examples() const = 0;  // after the options in `dind-executor NAME --help`
  // Adds the options to the command's own parser. They are written to this object.
  virtual void add_options(CLI::App& to) = 0;
  virtual bool takes_rest() const { return false; }
  virtual bool takes_host_option() const { return false; }  // editors start it: see CommandLine::host_option
  // After parsing. Errors (invalid_request): one line that says what to do.
  virtual Result<Command> arguments(Rest rest) const = 0;
  // `arguments`: those that `arguments()` returned. Returns the exit code of the process, and writes errors to stderr.
  virtual int run(Command arguments, Program& program) const = 0;
};

// A command whose arguments have the type Arguments.
template <typename Arguments>
class SubcommandOf : public Subcommand {
 public:
  Result<Command> arguments(Rest rest) const final {
    auto read = read_arguments(std::move(rest));
    if (!read) return std::unexpected(read.error());
    return Command(std::move(*read));
  }
  int run(Command arguments, Program& program) const final {
    return execute(std::get<Arguments>(std::move(arguments)), program);
  }

 private:
  virtual Result<Arguments> read_arguments(Rest rest) const = 0;
  virtual int execute(Arguments arguments, Program& program) const = 0;
};

std::unique_ptr<Subcommand> make_run_command();
std::unique_ptr<Subcommand> make_languages_command();
std::unique_ptr<Subcommand> make_doctor_command();
std::unique_ptr<Subcommand> make_gc_command();
std::unique_ptr<Subcommand> make_ps_command();
std::unique_ptr<Subcommand> make_stop_command();
std::unique_ptr<Subcommand> make_history_command();
std::unique_ptr<Subcommand> make_serve_command();
std::unique_ptr<Subcommand> make_rpc_command();
std::unique_ptr<Subcommand> make_lsp_command();

// All of them, in the order of `dind-executor --help`.
std::vector<std::unique_ptr<Subcommand>> make_commands();

}  // namespace dind::frontends::cli
