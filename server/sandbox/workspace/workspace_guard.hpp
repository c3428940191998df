// Finds what must stay read-only in a writable workspace: settings and hooks.
//
// The tools of the workspace's owner run these outside of any sandbox.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "sandbox/workspace/workspace_walk.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

struct WorkspaceProtection {
  // Parents first. Those that are not read-only only keep what is in them from being moved away.
  std::vector<WorkspaceMount> mounts;
  // The inode of every protected name that existed, and of each folder that could not be read, by path. 0: a file,
  // which must stay a file. Another file may take its place, because git replaces its own.
  std::map<std::string, std::uint64_t> seen;
  std::size_t max_depth = SIZE_MAX;  // no deeper folder was searched
  std::vector<std::string> notes;    // for people: what is not protected
};

// Searches the writable part of the workspace at `path` for protected names. `folder`: that part, relative to the
// workspace; empty: all of it. The search skips node_modules.
// All names within kNearFolders are protected. Deeper names are protected as far as `far_time` and the number of mounts
// allow, and a note says where that ended. A non-empty `folder` is a mount of its own, and the only writable one.
// Blocking. Errors: not_found (no such folder, or a link in its path), invalid_request (a protected name in its path, a
// folder that this server may not read, or more than can be protected), cancelled (`stop`), internal.
inline constexpr std::chrono::milliseconds kGuardFarTime{250};
Result<WorkspaceProtection> guard_workspace(const std::string& path, const std::string& folder,
                                            const std::stop_token& stop = {},
                                            std::chrono::milliseconds far_time = kGuardFarTime);

// Adds the protection to a plan whose workspace is writable. Other plans stay as they are.
Task<Result<void>> protect_workspace(BlockingWork& work, const Workspace& workspace, RunPlan& plan, Cancel cancel);

}  // namespace dind::sandbox
