// What of the workspace stays read-only though the workspace is writable: settings and hooks that the tools of whoever
// owns it run outside of any sandbox.
#pragma once

#include <array>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/workspace.hpp"
#include "support/blocking_work.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// Git's hooks and configuration, tasks and settings of editors, and what git runs of a hook manager's.
inline constexpr std::array<std::string_view, 5> kGuardedNames{".git", ".vscode", ".devcontainer", ".idea", ".husky"};

struct WorkspaceGuard {
  std::vector<WorkspaceMount> mounts;  // parents first; those that are not read-only only hold what is in them in place
  std::vector<std::string> notes;      // for people: what is not guarded
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
