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
inline constexpr std::array<std::string_view, 5> kGuardedNames{".git", ".vscode", ".devcontainer", ".idea", ".husky"};

// The workspace's folder `folder` (relative; empty: the workspace), entered part by part: a link among the parts could
// lead anywhere. Errors: not_found, invalid_request (a protected name in the path).
Result<Folder> enter_workspace(const std::string& workspace, const std::string& folder);

// So deep every folder is looked at, or the walk says that it was not whole. What is deeper has a bound on its time.
inline constexpr std::size_t kNearFolders = 6;

struct WalkBounds {
  std::size_t max_folders = 0;
  std::chrono::steady_clock::duration far_time{};  // from the begin of the walk, for folders beyond kNearFolders
  std::size_t deepest = SIZE_MAX;                  // no folder deeper than that is looked at
};

struct Walk {
  // far_cut: a bound was met, and only folders beyond kNearFolders are left.
  enum class End { whole, too_many_folders, too_many_names, far_cut, stopped };
  End end = End::whole;
  std::string folder;     // but for whole: where it ended; all folders that are less deep were looked at
  std::size_t depth = 0;  // of that folder: 0 is `first`
};

// Calls `visit` for each protected name below `first`, of which `root` is the path in the workspace: the nearest first,
// at every depth to which a path can lead (PATH_MAX), without those in node_modules and in other protected names.
// `path` is that of `folder`. `visit` returns false to end it (stopped).
using Visit =
    std::function<bool(const Folder& folder, const std::string& path, const std::string& name, const struct stat&)>;
Walk walk_protected_names(const Folder& first, const std::string& root, const WalkBounds& bounds,
                          const std::stop_token& stop, const Visit& visit);

std::string joined_path(const std::string& folder, const std::string& name);
std::string shown_path(const std::string& path);  // for people: one line, not too long

}  // namespace dind::sandbox
