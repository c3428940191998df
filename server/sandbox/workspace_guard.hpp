// What of the workspace stays read-only though the workspace is writable: settings and hooks that the tools of whoever
// owns it run outside of any sandbox.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/workspace.hpp"
#include "sandbox/workspace_walk.hpp"
#include "support/blocking_work.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct WorkspaceProtection {
  std::vector<WorkspaceMount> mounts;  // parents first; those that are not read-only only hold what is in them in place
  // Every protected name that was there, by its path, and each folder that could not be looked into: its inode. 0: a
  // file, and it stays one; git replaces its own.
  std::map<std::string, std::uint64_t> seen;
  std::size_t deepest = SIZE_MAX;  // no folder deeper than that was looked at
  std::vector<std::string> notes;  // for people: what is not guarded
};

// Looks through the workspace at `path`, below `folder` of it (relative; empty: all of it), which is to be writable:
// the guarded names in it, without those in node_modules. All of those within kNearFolders are guarded; of the deeper
// ones those that `far_time` and the number of mounts leave room for, and a note says where that ended. With a folder,
// that one is a mount of its own, and the only writable one. Blocking. Errors: not_found (no such folder),
// invalid_request (a link in its path; more than can be guarded), cancelled (`stop`).
inline constexpr std::chrono::milliseconds kGuardFarTime{250};
Result<WorkspaceProtection> guard_workspace(const std::string& path, const std::string& folder,
                                            const std::stop_token& stop = {},
                                            std::chrono::milliseconds far_time = kGuardFarTime);

// Puts it into a plan whose workspace is writable; another plan stays as it is.
Task<Result<void>> protect_workspace(BlockingWork& work, const Workspace& workspace, RunPlan& plan, Cancel cancel);

}  // namespace dind::sandbox
