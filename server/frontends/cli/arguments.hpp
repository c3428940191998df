// The command line as a value: what was asked, or the text to show. Pure: reads no file, no environment, no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/history_arguments.hpp"
#include "frontends/cli/serve_arguments.hpp"
#include "support/log.hpp"

namespace dind::frontends::cli {

// Our own exit codes, beside those of dind/exit_code.hpp (docs/cli.md).
constexpr int kNotRunExit = 125;      // we could not run it: usage errors, bad input, engine errors
constexpr int kStoppedExit = 143;     // 128 + SIGTERM: somebody else stopped the run, not a signal to this process
constexpr int kReaderGoneExit = 141;  // 128 + SIGPIPE, as the shell would see it

struct RunArguments {
  std::optional<std::string> file;  // "-": the program comes on stdin. None: `args` is a command in `image`, or empty:
                                    // the image's own
  std::optional<std::string> language;
  std::optional<std::string> image;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  LimitsRequest limits;
  Network network = Network::none;
  std::optional<PullPolicy> pull;
  std::vector<std::string> requirements;
  std::optional<std::string> requirements_file;  // a package a line
  std::optional<WorkspaceAccess> workspace;
  std::optional<std::string>
      folder;  // of the workspace, to be run; `args` is then a command in it, none: what is there
  std::optional<std::string> program;  // what of it, by id
  bool choose = false;                 // ask again what of it
  std::string working_dir;
  std::optional<std::string>
      dockerfile;       // a file, "-": stdin; `args` is then the command in its image, none: the image's own
  std::string context;  // a folder: as the shell has it, or beneath the workspace
  std::map<std::string, std::optional<std::string>> build_args;  // none: the value of our environment
  std::string target;                                            // a stage of the Dockerfile
  std::optional<std::chrono::milliseconds> total_timeout;
  std::optional<Isolation> isolation;
  std::optional<std::string> stdin_file;
  std::optional<RunSpec> again;  // of `history rerun`: run this, whatever stands above but `stdin_file`
  bool no_server = false;        // not handed over to a server of ours
  bool record = true;
  bool json = false;
  bool quiet = false;
};
struct LanguagesArguments {
  bool json = false;
};
struct DoctorArguments {
  bool json = false;
};
struct GcArguments {
  bool dry_run = false;
  bool json = false;
};
// What is under way in the servers of this user.
struct PsArguments {
  bool json = false;
};
struct StopArguments {
  std::string id;  // or its beginning
};
struct LspArguments {
  std::optional<std::int64_t> client_process_id;
};
// --help and --version: print it on stdout, exit 0.
struct ShowText {
  std::string text;
};

using Command = std::variant<ShowText, RunArguments, LanguagesArguments, DoctorArguments, GcArguments, PsArguments,
                             StopArguments, HistoryArguments, LspArguments, ServeArguments, RpcArguments>;

struct CommandLine {
  Command command;
  std::string host;         // the engine's address; empty: as configured
  std::string host_option;  // by what a person gives it, for messages; empty: --host
  LogFlags log;
};

// `arguments` without the program's own name. Errors (invalid_request) are one line that names the remedy; exit
// kNotRunExit.
Result<CommandLine> parse(std::vector<std::string> arguments, const std::string& version);

}  // namespace dind::frontends::cli
