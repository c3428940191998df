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
#include "support/io/folder.hpp"

namespace dind::sandbox {

// Git's hooks and configuration, tasks and settings of editors, and a hook manager's files that git runs.
inline constexpr std::array<std::string_view, 5> kProtectedNames{".git", ".vscode", ".devcontainer", ".idea", ".husky"};

// Opens the workspace's folder `folder` (relative; empty: the workspace), one part of the path after the other. It
// follows no link, because a link could lead anywhere.
// Errors: not_found (also for a link), invalid_request (a protected name in the path, or a folder of it that this
// server may not read), internal.
Result<Folder> enter_workspace(const std::string& workspace, const std::string& folder);

// Down to this depth, every folder is searched, or the walk reports that it is not complete. The time for deeper
// folders is limited.
inline constexpr std::size_t kNearFolders = 6;

struct WalkBounds {
  std::size_t max_folders = 0;
  std::chrono::steady_clock::duration far_time{};  // max time beyond kNearFolders, from the first such folder
  std::size_t max_depth = SIZE_MAX;                // no deeper folder is searched
  std::stop_token no_far = {};                     // no further folder beyond kNearFolders is searched
  std::size_t open_bytes = 128 << 20;              // max bytes of the paths of folders that are still to be searched
};

struct Walk {
  // far_cut: a limit was reached, and only folders beyond kNearFolders are left. failed: `error` says why.
  enum class End { whole, too_many_folders, too_many_names, too_long_paths, far_cut, stopped, failed };
  End end = End::whole;
  // Except for whole: where the walk ended. All folders that are less deep were searched.
  std::string folder;
  std::size_t depth = 0;  // of that folder: 0 is `first`
  int error = 0;          // an errno
};

// Callbacks of a walk. `found` and `locked` return false to end it (stopped).
struct Visits {
  // A protected name in `folder`, whose path is `path`.
  std::function<bool(const Folder& folder, const std::string& path, const std::string& name, const struct stat&)> found;
  // A folder that this server may not read. The same folder may be reported more than once.
  std::function<bool(const std::string& path, const struct stat&)> locked;
  // Returns true for a folder that is not searched. Empty: all folders are searched.
  std::function<bool(const std::string& path, const struct stat&)> left_out = {};
};

// Finds each protected name below `first`, whose path in the workspace is `root`. The nearest names come first. The
// walk searches every depth that a path can have (PATH_MAX), but not node_modules and other protected names.
// A folder that disappears meanwhile is skipped. A folder that can't be read for another reason than permission ends
// the walk (failed).
Walk walk_protected_names(const Folder& first, const std::string& root, const WalkBounds& bounds,
                          const std::stop_token& stop, const Visits& visits);

std::string joined_path(const std::string& folder, const std::string& name);
std::string shown_path(const std::string& path);  // for people: one line, not too long

}  // namespace dind::sandbox
