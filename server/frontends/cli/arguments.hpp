// The arguments of each command, as values.
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
struct HistoryArguments {
  enum class Action { list, show, rerun, prune, export_to, import_from };
  Action action = Action::list;
  std::string id;          // show, rerun: the start of an id is enough
  std::size_t limit = 20;  // list
  std::map<std::string, std::string> env;
  std::optional<std::vector<std::string>> args;  // rerun: replaces the recorded ones
  std::optional<std::string> stdin_file;
  std::optional<std::size_t> keep;  // prune; if nothing selects runs: the configuration's bounds
  std::optional<std::chrono::milliseconds> older_than;
  std::string file;                              // export, import: "-" is stdout or stdin
  std::optional<std::string> run, client, user;  // forget the runs of one id, one client, one user
  bool all = false;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
  bool record = true;  // rerun: false records nothing of the new run
};

// Values that are not given come from the configuration (`serve.*`).
struct ServeArguments {
  std::optional<std::string> socket;    // path of the Unix socket
  std::optional<unsigned> socket_mode;  // 0600
  std::optional<std::string> listen;    // "127.0.0.1:8000"
  std::optional<std::string> token_file;
  bool no_token = false;
  bool access_log = false;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
};
// Parses the permissions of a file: "0660", "660".
Result<unsigned> parse_mode(const std::string& text);

// Serves JSON-RPC on stdin and stdout.
struct RpcArguments {};

// --help and --version: print the text on stdout, exit with 0.
struct ShowText {
  std::string text;
};

using Command = std::variant<ShowText, RunArguments, LanguagesArguments, DoctorArguments, GcArguments, PsArguments,
                             StopArguments, HistoryArguments, LspArguments, ServeArguments, RpcArguments>;

}  // namespace dind::frontends::cli
