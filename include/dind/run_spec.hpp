// What a caller asks for: a program, its surroundings and its limits. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dind {

enum class Network { none, internet };

// When an image is pulled: where the engine has none, not at all, or before every run.
enum class PullPolicy { missing, never, always };
std::string_view name(PullPolicy policy);
std::optional<PullPolicy> pull_policy(std::string_view name);

// What separates a program from the engine's machine: the kernel's own namespaces, or a kernel of its own (gVisor).
enum class Isolation { runc, gvisor };
std::string_view name(Isolation isolation);
std::optional<Isolation> isolation(std::string_view name);

// What a run may do with the workspace, which it sees at kWorkspaceMount. The operator's configuration says which
// folder that is; a caller names none.
enum class WorkspaceAccess { read_only, read_write };
std::string_view name(WorkspaceAccess access);  // "readOnly" · "readWrite"
std::optional<WorkspaceAccess> workspace_access(std::string_view name);
inline constexpr const char* kWorkspaceMount = "/workspaces";

// What a run may use. Every field has a default and an operator's maximum; 0 and negative numbers never mean
// "unlimited".
struct Limits {
  std::chrono::milliseconds timeout{60'000};  // wall clock, from the program's start
  std::int64_t memory_bytes = 512LL << 20;    // with swap: none on top
  double cpus = 1.0;                          // CPUs' worth of time
  std::int64_t pids = 256;                    // processes and threads
  std::int64_t tmp_bytes = 64LL << 20;        // each of the writable tmpfs
  std::int64_t open_files = 1024;             // a process
  std::int64_t file_bytes = 256LL << 20;      // one file
  std::int64_t output_bytes = 4LL << 30;      // stdout and stderr together; past it the run ends: output_limit
  bool operator==(const Limits&) const = default;
};

// The limits that a caller named; what it left out comes from the configuration.
struct LimitsRequest {
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::int64_t> memory_bytes;
  std::optional<double> cpus;
  std::optional<std::int64_t> pids;
};

// The terms of whoever asks, for messages that say how to ask for something else: fields of a request or of a RunSpec,
// flags of the command line, settings and commands of an editor. `execute`: of POST /execute, which has few fields;
// what it lacks is a field of POST /runs.
enum class Terms { fields, flags, settings, execute };

// A file with its text, run by the recipe of its language.
struct SourceProgram {
  std::string file_name;                // base name; names the file in the sandbox and in the program's own messages
  std::string text;                     // bytes as they are
  std::optional<std::string> language;  // a recipe's id; without it the name and the first line decide
  // Where the file is on this machine, for hints about what lies beside it; empty: it is no file, or not known.
  std::string folder = {};
};

// argv as it is, or one string for the image's /bin/sh.
using Command = std::variant<std::vector<std::string>, std::string>;

// A command in an image.
struct CommandProgram {
  Command command;  // an empty list: the image's own ENTRYPOINT and CMD
  // A recipe's id: its image where `image` names none, its environment, its installer of packages.
  std::optional<std::string> language = {};
  std::vector<std::string> images = {};  // in order of preference, where neither `image` nor a language names one
};

// A Dockerfile: its image is built, and the command run in it.
struct BuildProgram {
  std::string dockerfile;          // its text
  std::string context_path;        // a folder beneath the workspace, relative; empty: a context without files
  std::optional<Command> command;  // none: the image's own ENTRYPOINT and CMD
  // What context_path is relative to, absolute; empty: the workspace. Only for the person at this machine's terminal.
  std::string context_root = {};
  // The file that the text is from: relative to the context, or absolute where it is outside of it. Empty: not known.
  std::string dockerfile_name = {};
  // The text of <file>.dockerignore. None: it is looked for in the context, then .dockerignore is.
  std::optional<std::string> ignore = {};
  std::map<std::string, std::string> arguments = {};  // values of its ARG instructions
  std::string target = {};                            // the stage that is built; empty: the last one
};

struct RunSpec {
  std::variant<SourceProgram, CommandProgram, BuildProgram> program;
  std::optional<std::string> image;  // required for a command; overrides the recipe's for a source; none for a build
  std::vector<std::string> args;     // the program's arguments (source programs)
  std::map<std::string, std::string> env;
  LimitsRequest limits;
  Network network = Network::none;
  // Whether more runs like it may follow: then a sandbox waits for the next, where the operator allows that.
  bool keep_warm = true;
  std::optional<std::string> run_id;  // [A-Za-z0-9_-]{1,64}; made up when absent
  std::optional<PullPolicy> pull;     // the configuration's when absent
  // Packages for the program ("requests>=2"), each a line of a requirements file (with its hashes), put in place by a
  // sandbox of their own that has a network (source programs of a language with an installer).
  std::vector<std::string> requirements;
  std::vector<std::string> constraints = {};  // bounds on the versions of what is installed (`pip install -c`)
  std::optional<WorkspaceAccess> workspace;   // mounted; none: not there
  // With read_write: the one folder of the workspace that is writable, relative to it; the rest is read-only. Empty:
  // all of it is.
  std::string workspace_folder = {};
  // Which of several open folders is the workspace of this run: absolute, without links, one that WorkspaceRuns::adopt
  // has taken. Empty: the operator's workspace, or the first folder.
  std::string workspace_root = {};
  std::string working_dir;             // absolute, in the sandbox; empty: the program's usual one
  std::optional<Isolation> isolation;  // the configuration's when absent
  // Wall clock from the request to the end, whatever the run waits for: a place, an image, packages, a build. Past it
  // the run ends with verdict timeout. None: each stage has a bound of its own.
  std::optional<std::chrono::milliseconds> total_timeout;
  // False: the wait for a place has as much time of its own, so that a program has all of `total_timeout` when its turn
  // comes.
  bool queue_counts = true;
  bool record = true;                   // false: the history keeps nothing of it
  std::vector<std::string> notes = {};  // for people: said with the run's own
  std::string client;  // who asks: the queue is fair among clients. Empty: all of those together are one
  Terms terms = Terms::fields;
};

}  // namespace dind
