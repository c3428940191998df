// What a caller asks for: a program, its environment and its limits. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dind/caller.hpp"
#include "dind/network.hpp"

namespace dind {

// When the engine pulls an image: if it does not have it, never, or before every run.
enum class PullPolicy { missing, never, always };
std::string_view to_string(PullPolicy policy);
std::optional<PullPolicy> parse_pull_policy(std::string_view name);

// What separates a program from the engine's machine: namespaces of the machine's kernel, or a kernel of its own
// (gVisor).
enum class Isolation { runc, gvisor };
std::string_view to_string(Isolation isolation);
std::optional<Isolation> parse_isolation(std::string_view name);

// What a run may do with the workspace, which it sees at kWorkspaceMount. The operator's configuration names the
// folder; a caller cannot.
enum class WorkspaceAccess { read_only, read_write };
std::string_view to_string(WorkspaceAccess access);  // "readOnly" · "readWrite"
std::optional<WorkspaceAccess> parse_workspace_access(std::string_view name);
inline constexpr const char* kWorkspaceMount = "/workspaces";

// What a run may use. Every field has a default and a max that the operator sets. 0 and negative numbers never mean
// "unlimited".
struct Limits {
  std::chrono::milliseconds timeout{60'000};  // wall clock, from the program's start
  std::int64_t memory_bytes = 512LL << 20;    // memory and swap together, so there is no extra swap
  double cpus = 1.0;                          // number of processors; 0.5 is half of one's time
  std::int64_t pids = 256;                    // processes and threads
  std::int64_t tmp_bytes = 64LL << 20;        // of each writable tmpfs
  std::int64_t open_files = 1024;             // per process
  std::int64_t file_bytes = 256LL << 20;      // of one file
  std::int64_t output_bytes = 4LL << 30;      // stdout and stderr together; beyond it the run ends with output_limit
  bool operator==(const Limits&) const = default;
};

// The limits that a caller named. The configuration gives the others.
struct LimitsRequest {
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::int64_t> memory_bytes;
  std::optional<double> cpus;
  std::optional<std::int64_t> pids;
  std::optional<std::int64_t> tmp_bytes;
};

// The words of the client, for messages that say how to ask for something else. fields: of a request or of a RunSpec.
// flags: of the command line. settings: settings and commands of an editor. execute: of POST /execute, which has few
// fields; what it lacks is a field of POST /runs.
enum class Terms { fields, flags, settings, execute };

// A file with its text. The recipe of its language runs it.
struct SourceProgram {
  std::string file_name;  // base name; the file has it in the sandbox, and so the program's own messages have it
  std::string text;       // the bytes, unchanged
  std::optional<std::string> language;  // the id of a recipe; nullopt: the file name and the first line decide
  // The folder of the file on this machine, for hints about its other files. Empty: there is no file, or it is not
  // known.
  std::string folder = {};
};

// An argv, or one string for the image's /bin/sh.
using Command = std::variant<std::vector<std::string>, std::string>;

// A command in an image.
struct CommandProgram {
  Command command;  // empty list: the image's own ENTRYPOINT and CMD
  // The id of a recipe. It gives the environment, the installer, and the image if `image` does not name one.
  std::optional<std::string> language = {};
  // In order of preference. Used if neither `image` nor a language names an image.
  std::vector<std::string> images = {};
};

// A Dockerfile: its image is built, and the command runs in it.
struct BuildProgram {
  std::string dockerfile;          // its text
  std::string context_path;        // a folder in the workspace, relative; empty: the context has no files
  std::optional<Command> command;  // nullopt: the image's own ENTRYPOINT and CMD
  // The folder that context_path is relative to, absolute. Empty: the workspace. Only for the person at this machine's
  // shell.
  std::string context_root = {};
  // The file that holds the text: relative to the context, or absolute if it is outside. Empty: not known.
  std::string dockerfile_name = {};
  // The text of <file>.dockerignore. nullopt: the context is searched for this file and then for .dockerignore.
  std::optional<std::string> ignore = {};
  std::map<std::string, std::string> arguments = {};  // values of its ARG instructions
  std::string target = {};                            // the stage to build; empty: the last one
};

struct RunSpec {
  std::variant<SourceProgram, CommandProgram, BuildProgram> program;
  // A source: in place of the recipe's image. A command: required if neither its language nor `images` gives one. A
  // build: not allowed.
  std::optional<std::string> image;
  std::vector<std::string> args;  // the program's arguments (source programs)
  std::map<std::string, std::string> env;
  LimitsRequest limits;
  Network network = Network::none;
  // Whether similar runs may follow. Then a warm sandbox is kept for the next one, if the operator allows it.
  bool keep_warm = true;
  std::optional<std::string> run_id;  // [A-Za-z0-9_-]{1,64}; nullopt: dind-executor makes one
  std::optional<PullPolicy> pull;     // nullopt: as in the configuration
  // Dependencies of the program ("requests>=2"), each a line of a requirements file (with its hashes). A separate
  // sandbox with a network installs them. Only for source programs of a language that has an installer.
  std::vector<std::string> dependencies;
  std::vector<std::string> constraints = {};  // bounds on the versions of the dependencies (`pip install -c`)
  std::optional<WorkspaceAccess> workspace;   // nullopt: the workspace is not mounted
  // With read_write: the only writable folder of the workspace, relative to it. The rest is read-only. Empty: all of
  // the workspace is writable.
  std::string writable_folder = {};
  // Which of several open folders is the workspace of this run: absolute, without links, accepted by
  // WorkspaceRuns::set_if_unset. Empty: the operator's workspace, or the first folder.
  std::string workspace_root = {};
  std::string working_dir;             // absolute, in the sandbox; empty: the usual one of the program
  std::optional<Isolation> isolation;  // nullopt: as in the configuration
  // Wall-clock time from the request to the end, including all waits: queue, image, dependencies, build. Beyond it the
  // run ends with verdict timeout. nullopt: each stage has its own bound.
  std::optional<std::chrono::milliseconds> total_timeout;
  // False: the wait in the queue has a separate bound of the same length. So the program still has all of
  // `total_timeout` when its turn comes.
  bool queue_counts = true;
  bool record = true;                   // false: the history records nothing of this run
  std::vector<std::string> notes = {};  // for people: reported together with the notes of the result
  Caller caller = {};                   // who asks; the frontend sets it
  Terms terms = Terms::fields;
};

}  // namespace dind
