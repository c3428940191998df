// The plan of a run: what to do for a RunSpec, decided before any engine is asked. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind::sandbox {

// Where the program's own files and its initial working directory are: a tmpfs of the run.
inline constexpr const char* kRunFolder = "/sandbox";

// Where a run's dependencies are. The installer's sandbox writes them, the program's sandbox reads them.
inline constexpr const char* kDependenciesMount = "/dependencies";
// The folder in that volume to which every user may write (mode 0777). The sandbox's user can't write to the root
// folder of the volume.
inline constexpr const char* kDependenciesDir = "/dependencies/site";

struct RunFile {
  std::string path;  // absolute
  std::string bytes;
  std::uint32_t mode = 0644;
  bool operator==(const RunFile&) const = default;
};

// A volume created by dind-executor that a sandbox mounts.
struct PlanVolume {
  std::string name;    // empty: the volume of the run's dependencies, which is named when they are installed
  std::string target;  // absolute
  bool read_only = true;
  bool operator==(const PlanVolume&) const = default;
};

// The step before the program: an installer puts dependencies into a volume of the run. It has its own sandbox, with a
// network.
struct DependencyStep {
  std::vector<std::string> argv;           // of the installer, with the dependencies
  std::map<std::string, std::string> env;  // of the installer
  std::vector<RunFile> files = {};         // the list of dependencies, if it can't be an argument
  bool operator==(const DependencyStep&) const = default;
};

// A folder or file in the workspace that is mounted separately: read-only, or so that the program can't move it away.
struct WorkspaceMount {
  std::string path;  // relative to the workspace, without "." and ".."
  bool read_only = true;
  bool folder = true;       // false: a file
  std::uint64_t inode = 0;  // of what was there when it was read; 0: not known
  bool operator==(const WorkspaceMount&) const = default;
};

struct RunPlan {
  std::string run_id;
  std::string name;                 // for people: the file's name, or the command
  std::string language;             // a recipe's id; empty for a command
  std::vector<std::string> images;  // in order of preference: the first that the engine has, else the first is pulled
  std::vector<std::string> argv;
  std::string entrypoint;                  // the image's ENTRYPOINT, if a command replaces it
  std::string image_dir;                   // of the image, if its program or a command starts there
  std::map<std::string, std::string> env;  // overrides the image's own
  std::string working_dir;                 // empty: the image's own, or kRunFolder if that is / or not set
  std::vector<RunFile> files;
  std::optional<DependencyStep> dependencies;
  std::vector<PlanVolume> volumes;
  std::optional<WorkspaceAccess> workspace;  // mounted at kWorkspaceMount
  std::string writable_folder;               // with read_write: the writable folder in it; empty: all of it
  std::string workspace_root = {};  // which adopted folder it is; empty: the first, or the operator's workspace
  std::vector<WorkspaceMount> workspace_mounts;         // parents first
  std::map<std::string, std::uint64_t> workspace_seen;  // the protected names that existed (WorkspaceProtection::seen)
  std::size_t workspace_max_depth = SIZE_MAX;           // WorkspaceProtection::max_depth
  std::string disk_path;                                // where the run writes to the engine's disk …
  std::int64_t disk_bytes = 0;                          // … and max bytes it may write there; 0: nowhere
  Limits limits;
  Network network = Network::none;
  Isolation isolation = Isolation::runc;
  bool installs = false;  // installs dependencies for another run, whose program has not started
  bool keep_warm = true;  // a similar run is expected: a warm sandbox is started for it
  std::vector<std::string> notes;
  Terms terms = Terms::fields;  // of the client, for further notes
  bool operator==(const RunPlan&) const = default;
};

}  // namespace dind::sandbox
