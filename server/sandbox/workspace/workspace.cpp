#include "sandbox/workspace/workspace.hpp"

#include <sys/stat.h>

#include "engine/reasons.hpp"
#include "sandbox/hardening.hpp"

namespace dind::sandbox {
namespace {

std::string where(const Workspace& workspace) {
  return workspace.engine_path + " on the engine's machine" +
         (workspace.path.empty() ? "" : ", " + workspace.path + " here");
}

constexpr const char* kRemedy =
    "Mount the same folder or volume into both, or set workspace.enginePath (DIND_WORKSPACE_PATH) to where the engine "
    "has it";

}  // namespace

Workspace with_root(Workspace workspace, const std::string& root) {
  if (!root.empty()) workspace.engine_path = workspace.path = root;
  return workspace;
}

std::string workspace_user(const Workspace& workspace, std::string& note) {
  if (workspace.owner) return *workspace.owner;
  struct stat status{};
  if (workspace.path.empty() || ::stat(workspace.path.c_str(), &status) != 0) {
    note =
        "the owner of the workspace is not known here, so the program runs as a user that can read the folder but not "
        "write to it; workspace.owner in the configuration names the owner";
    return kNobody;
  }
  if (status.st_uid == 0) {
    note = "the folder " + workspace.path +
           " belongs to root, and programs never run as root: this one can read the folder but not write to it. To let "
           "it write, give the folder to a user: chown -R USER " +
           workspace.path;
    return kNobody;
  }
  return std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid == 0 ? status.st_uid : status.st_gid);
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return 0;
  return status.st_ino ^ static_cast<std::uint64_t>(status.st_dev) << 40;
}

Task<Result<void>> check_same_folder(engine::Client& client, std::string container, const Workspace& workspace,
                                     Deadline deadline) {
  if (workspace.path.empty()) co_return Result<void>{};
  struct stat ours{};
  if (::stat(workspace.path.c_str(), &ours) != 0 || !S_ISDIR(ours.st_mode))
    co_return fail(ErrorCode::invalid_request, "The workspace does not exist: " + where(workspace) +
                                                   ". Make the folder, or set workspace.path (DIND_WORKSPACE)");
  const auto theirs = co_await client.stat_path(std::move(container), kWorkspaceMount, deadline);
  // An engine that finds a link at the target of a mount in the workspace refuses without a reason (N07).
  if (!theirs && theirs.error().engine_status >= 400)
    co_return fail(ErrorCode::engine_error,
                   "The engine refused to look at the workspace (status " +
                       std::to_string(theirs.error().engine_status) +
                       "): a folder of the workspace was replaced while the run started; run it again");
  if (!theirs) co_return std::unexpected(theirs.error());
  // A folder's time changes when files come and go. Between the two reads this is at most one second, and rare.
  if (*theirs && (*theirs)->modified >= ours.st_mtime - 1) {
    if ((*theirs)->modified <= ours.st_mtime + 1) co_return Result<void>{};
    if (::stat(workspace.path.c_str(), &ours) == 0 && (*theirs)->modified <= ours.st_mtime + 1)
      co_return Result<void>{};
  }
  co_return fail(ErrorCode::invalid_request,
                 "The engine can't see the workspace: " + where(workspace) + " are two folders. " + kRemedy);
}

Error workspace_error(Error error, const Workspace& workspace) {
  if (!engine::source_is_missing(error.message)) return error;
  if (error.message.contains(workspace.engine_path + "/"))
    return {ErrorCode::engine_error, "A folder of the workspace was removed while the run started; run it again",
            error.engine_status};
  return {ErrorCode::invalid_request,
          "The engine can't see the workspace: there is no " + where(workspace) + ". " + kRemedy, error.engine_status};
}

}  // namespace dind::sandbox
