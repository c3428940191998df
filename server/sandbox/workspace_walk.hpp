// Finds the protected names (.git, .vscode …) in a workspace that others may change meanwhile. Blocking.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "support/folder.hpp"

namespace dind::sandbox {

// Git's hooks and configuration, tasks and settings of editors, and what git runs of a hook manager's.
inline constexpr std::array<std::string_view, 5> kProtectedNames{".git", ".vscode", ".devcontainer", ".idea", ".husky"};

// The workspace's folder `folder` (relative; empty: the workspace), entered part by part: a link among the parts could
// lead anywhere. Errors: not_found, invalid_request (a protected name in the path, or a folder of it that this server
// may not read), internal.
Result<Folder> enter_workspace(const std::string& workspace, const std::string& folder);

// So deep every folder is looked at, or the walk says that it was not whole. What is deeper has a bound on its time.
inline constexpr std::size_t kNearFolders = 6;

struct WalkBounds {
  std::size_t max_folders = 0;
  std::chrono::steady_clock::duration far_time{};  // for folders beyond kNearFolders, from the first of them
  std::size_t deepest = SIZE_MAX;                  // no folder deeper than that is looked at
  std::stop_token no_far = {};                     // no further folder beyond kNearFolders is looked at
  std::size_t open_bytes = 128 << 20;              // of the paths of folders whose turn has not come
};

struct Walk {
  // far_cut: a bound was met, and only folders beyond kNearFolders are left. failed: `error` says why.
  enum class End { whole, too_many_folders, too_many_names, too_long_paths, far_cut, stopped, failed };
  End end = End::whole;
  std::string folder;     // but for whole: where it ended; all folders that are less deep were looked at
  std::size_t depth = 0;  // of that folder: 0 is `first`
  int error = 0;          // an errno
};

// What a walk meets. `found` and `locked` return false to end it (stopped).
struct Visits {
  // A protected name in `folder`, of which `path` is the path.
  std::function<bool(const Folder& folder, const std::string& path, const std::string& name, const struct stat&)> found;
  // A folder that this server may not look into. The same one may be told of more than once.
  std::function<bool(const std::string& path, const struct stat&)> locked;
  // A folder that is not looked into (true). Empty: all are.
  std::function<bool(const std::string& path, const struct stat&)> left_out = {};
};

// Finds each protected name below `first`, of which `root` is the path in the workspace: the nearest first, at every
// depth to which a path can lead (PATH_MAX), without those in node_modules and in other protected names. A folder that
// is gone meanwhile is passed by; one that can't be read for want of anything but permission ends it (failed).
Walk walk_protected_names(const Folder& first, const std::string& root, const WalkBounds& bounds,
                          const std::stop_token& stop, const Visits& visits);

std::string joined_path(const std::string& folder, const std::string& name);
std::string shown_path(const std::string& path);  // for people: one line, not too long

}  // namespace dind::sandbox
