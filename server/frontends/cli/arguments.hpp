// The command line as a value: a command, or a text to show. Pure: reads no file, no environment, no terminal.
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
#include "support/log/log.hpp"

namespace dind::frontends::cli {

// Exit codes in addition to those of dind/exit_code.hpp (docs/cli.md).
constexpr int kNotRunExit = 125;      // the program was not run: usage errors, bad input, engine errors
constexpr int kStoppedExit = 143;     // 128 + SIGTERM: stopped by somebody else, not by a signal to this process
constexpr int kReaderGoneExit = 141;  // 128 + SIGPIPE, as a shell reports it

struct RunArguments {
  // "-": the program comes on stdin. nullopt: `args` is a command in `image`; if empty, the image's own command.
  std::optional<std::string> file;
  std::optional<std::string> language;
  std::optional<std::string> image;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  LimitsRequest limits;
  Network network = Network::none;
  std::optional<PullPolicy> pull;
  std::vector<std::string> dependencies;
  std::optional<std::string> requirements_file;  // one package on each line
  std::optional<WorkspaceAccess> workspace;
  // A folder of the workspace to run. `args` is then a command in it; if empty, a program of the folder runs.
  std::optional<std::string> folder;
  std::optional<std::string> program;  // id of the folder's program to run
  bool choose = false;                 // ask again which program of the folder to run
  std::string working_dir;
  // A file; "-": stdin. `args` is then the command in its image; if empty, the image's own command.
  std::optional<std::string> dockerfile;
  std::string context;  // a folder: relative to the shell's folder, or inside the workspace
  std::map<std::string, std::optional<std::string>> build_args;  // nullopt: the value of the environment variable
  std::string target;                                            // a stage of the Dockerfile
  std::optional<std::chrono::milliseconds> total_timeout;
  std::optional<Isolation> isolation;
  std::optional<std::string> stdin_file;
  std::optional<RunSpec> again;  // `history rerun`: run this; the fields above, except `stdin_file`, are ignored
  bool no_handover = false;      // do not hand over to a running server
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
// Lists the live runs of this user's servers.
struct PsArguments {
  bool json = false;
};
struct StopArguments {
  std::string id;  // or the start of an id
};
struct LspArguments {
  std::optional<std::int64_t> client_process_id;
};
// --help and --version: print the text on stdout, exit with 0.
struct ShowText {
  std::string text;
};

using Command = std::variant<ShowText, RunArguments, LanguagesArguments, DoctorArguments, GcArguments, PsArguments,
                             StopArguments, HistoryArguments, LspArguments, ServeArguments, RpcArguments>;

struct CommandLine {
  Command command;
  std::string host;         // the engine's address; empty: as configured
  std::string host_option;  // by what a person gives `host`, for messages; empty: --host
  LogFlags log;
};

// `arguments`: without the name of the program. Errors (invalid_request) are one line that
// says what to do; exit code kNotRunExit.
Result<CommandLine> parse(std::vector<std::string> arguments, const std::string& version);

}  // namespace dind::frontends::cli
