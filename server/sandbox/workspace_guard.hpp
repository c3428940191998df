// What of the workspace stays read-only though the workspace is writable: settings and hooks that the tools of whoever
// owns it run outside of any sandbox.
#pragma once

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

struct WorkspaceGuard {
  std::vector<WorkspaceMount> mounts;  // parents first; those that are not read-only only hold what is in them in place
  // Every protected name that was there, by its path. 0: it is a mount; else the inode of what is not (a link).
  std::map<std::string, std::uint64_t> seen;
  std::vector<std::string> notes;  // for people: what is not guarded
};

// Looks through the workspace at `path`, below `folder` of it (relative; empty: all of it), which is to be writable:
// the guarded names down to 6 folders deep, without those in node_modules. With a folder, that one is a mount of its
// own, and the only writable one. Blocking. Errors: not_found (no such folder), invalid_request (a link in its path;
// more than can be guarded), cancelled (`stop`).
Result<WorkspaceGuard> guard_workspace(const std::string& path, const std::string& folder,
                                       const std::stop_token& stop = {});

// Puts it into a plan whose workspace is writable; another plan stays as it is.
Task<Result<void>> guard_plan(BlockingWork& work, const Workspace& workspace, RunPlan& plan, Cancel cancel);

}  // namespace dind::sandbox
