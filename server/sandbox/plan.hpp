// What we decided to do for a RunSpec, before any engine is asked. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind::sandbox {

// Where the program's own files and its first working directory are: a tmpfs of the run.
inline constexpr const char* kRunFolder = "/sandbox";

// Where a run's packages are: written by the installer's sandbox, read by the program's.
inline constexpr const char* kDependenciesMount = "/packages";
// The folder in that volume which belongs to the sandbox's user, as the volume itself never does.
inline constexpr const char* kDependenciesDir = "/packages/site";

struct RunFile {
  std::string path;  // absolute
  std::string bytes;
  std::uint32_t mode = 0644;
  bool operator==(const RunFile&) const = default;
};

// A volume of ours that a sandbox sees.
struct PlanVolume {
  std::string name;    // empty: the run's own packages, named when they are there
  std::string target;  // absolute
  bool read_only = true;
  bool operator==(const PlanVolume&) const = default;
};

// What is done before the program, in a sandbox of its own with a network: packages, into a volume of the run's.
struct DependencyStep {
  std::vector<std::string> argv;           // the installer's, with the packages
  std::map<std::string, std::string> env;  // the installer's
  std::vector<RunFile> files = {};         // the list of packages, where an argument can't say it
  bool operator==(const DependencyStep&) const = default;
};

// A folder or file of the workspace that is a mount of its own in it: read-only, or there so that nobody moves it away.
struct WorkspaceMount {
  std::string path;  // relative to the workspace, without "." and ".."
  bool read_only = true;
  bool folder = true;       // else a file
  std::uint64_t inode = 0;  // what was there when it was looked at; 0: not known
  bool operator==(const WorkspaceMount&) const = default;
};

struct RunPlan {
  std::string run_id;
  std::string name;                 // for people: the file's name, or the command
  std::string language;             // a recipe's id; empty for a command
  std::vector<std::string> images;  // in order of preference: the first that the engine has, else the first is pulled
  std::vector<std::string> argv;
  std::string entrypoint;                  // of the image, where a command is run in place of it
  std::string image_dir;                   // of the image, if its program or a command starts there
  std::map<std::string, std::string> env;  // put over the image's own
  std::string working_dir;                 // empty: the image's own, or kRunFolder if that is /
  std::vector<RunFile> files;
  std::optional<DependencyStep> packages;
  std::vector<PlanVolume> volumes;
  std::optional<WorkspaceAccess> workspace;  // mounted at kWorkspaceMount
  std::string workspace_folder;              // with read_write: what of it is writable; empty: all of it
  std::string workspace_root = {};  // which of several adopted folders it is; empty: the first, or the operator's
  std::vector<WorkspaceMount> workspace_mounts;  // parents first
  std::map<std::string, std::uint64_t>
      workspace_seen;                        // the protected names that were there (WorkspaceProtection::seen)
  std::size_t workspace_deepest = SIZE_MAX;  // WorkspaceProtection::deepest
  std::string disk_path;                     // where the run writes to the engine's disk …
  std::int64_t disk_bytes = 0;               // … and how much of it it may; 0: nowhere
  Limits limits;
  Network network = Network::none;
  Isolation isolation = Isolation::runc;
  bool installs = false;  // packages for another run, whose program has not begun
  bool once = false;      // nothing like it is expected again: no sandbox waits for the next
  std::vector<std::string> notes;
  Terms terms = Terms::fields;  // of whoever asks, for further notes
  bool operator==(const RunPlan&) const = default;
};

}  // namespace dind::sandbox
