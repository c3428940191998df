// Finds the protected names (.git, .vscode …) in a workspace that others may change meanwhile. Blocking.
#pragma once

#include <array>
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

struct Walk {
  enum class End { whole, too_many_folders, too_many_names, stopped };
  End end = End::whole;
  std::string folder;  // too_many_names: the one that has them
};

// Calls `visit` for each protected name below `first`, of which `root` is the path in the workspace: down to 6 folders
// deep, the nearest first, without those in node_modules and in other protected names. `path` is that of `folder`.
// `visit` returns false to end it (stopped).
using Visit =
    std::function<bool(const Folder& folder, const std::string& path, const std::string& name, const struct stat&)>;
Walk walk_protected_names(const Folder& first, const std::string& root, std::size_t max_folders,
                          const std::stop_token& stop, const Visit& visit);

std::string joined_path(const std::string& folder, const std::string& name);
std::string shown_path(const std::string& path);  // for people: one line, not too long

}  // namespace dind::sandbox
