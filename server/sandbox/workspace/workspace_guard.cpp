#include "sandbox/workspace/workspace_guard.hpp"

#include <algorithm>
#include <map>
#include <system_error>

#include "sandbox/workspace/workspace_walk.hpp"

namespace dind::sandbox {
namespace {

constexpr std::size_t kMaxGuardedFolders = 50'000;
constexpr std::size_t kMaxMounts = 500;
constexpr std::size_t kMaxFarMounts = 100;     // of those, for names beyond kNearFolders: each costs the engine time
constexpr std::size_t kMaxMountLength = 2048;  // bytes: with the engine's folders before it, it still fits into a path
constexpr std::size_t kMaxToldLocked = 5;

constexpr const char* kGuardRemedy = "mount it read-only, or run a smaller folder of it";

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// Why a search for protected names did not come to its end.
Error walk_error(const Walk& walk) {
  switch (walk.end) {
    case Walk::End::stopped:
      return {ErrorCode::cancelled, "The run was cancelled"};
    case Walk::End::too_many_folders:
      return {ErrorCode::invalid_request, "The workspace has more than 50,000 folders, too many to protect the " +
                                              std::string("settings and hooks in them: ") + kGuardRemedy};
    case Walk::End::too_many_names:
      return {ErrorCode::invalid_request, "The folder " + shown_path(walk.folder) + " of the workspace has more than " +
                                              "2,000,000 files, too many to protect: " + kGuardRemedy};
    case Walk::End::too_long_paths:
      return {ErrorCode::invalid_request, "The folders of the workspace have too many and too long paths to " +
                                              std::string("look for .git, .vscode and similar folders in all of ") +
                                              "them: " + kGuardRemedy};
    case Walk::End::failed:
      return {ErrorCode::internal, "The search for .git, .vscode and similar folders in the workspace failed at " +
                                       (walk.folder.empty() ? "its first folder" : shown_path(walk.folder)) + ": " +
                                       std::generic_category().message(walk.error) + "; run it again"};
    case Walk::End::far_cut:
    case Walk::End::whole:
      break;
  }
  return {ErrorCode::internal, "The search in the workspace ended in an unknown way"};
}

class Search {
 public:
  explicit Search(std::string root) : root_(std::move(root)) {}

  Result<WorkspaceProtection> through(Folder first, const std::stop_token& stop, std::chrono::milliseconds far_time) {
    device_ = first.itself().st_dev;
    const auto walk = walk_protected_names(
        first, root_, {.max_folders = kMaxGuardedFolders, .far_time = far_time}, stop,
        {.found =
             [this](const Folder&, const std::string& folder, const std::string& name, const struct stat& status) {
               guard(joined_path(folder, name), status);
               return paths_.size() <= kMaxMounts;
             },
         .locked =
             [this](const std::string& folder, const struct stat& status) {
               lock(folder, status);
               return !all_locked_ && paths_.size() <= kMaxMounts;
             }});
    if (all_locked_)
      return fail(ErrorCode::invalid_request,
                  "This server may not read " + (root_.empty() ? "the workspace" : shown_path(root_)) +
                      ", so what is in it can't be protected; its owner can allow it with chmod u+rwx");
    if (paths_.size() > kMaxMounts)
      return fail(ErrorCode::invalid_request, "The workspace has more settings and hooks (.git, .vscode …) than " +
                                                  std::string("can be protected: ") + kGuardRemedy);
    if (walk.end == Walk::End::far_cut)
      notes_.push_back(
          "the workspace has more folders than are looked through for .git, .vscode and similar folders: it " +
          std::string("ended before ") + shown_path(walk.folder) + ", and those more than " +
          std::to_string(walk.depth - 1) + " folders deep are not protected: " + kGuardRemedy);
    else if (walk.end != Walk::End::whole)
      return std::unexpected(walk_error(walk));
    add_notes();
    WorkspaceProtection found{.mounts = {},
                              .seen = std::move(seen_),
                              .max_depth = walk.end == Walk::End::far_cut ? walk.depth - 1 : SIZE_MAX,
                              .notes = std::move(notes_)};
    if (!root_.empty()) found.mounts.push_back({.path = root_, .read_only = false, .inode = first.itself().st_ino});
    // A path sorts after its parents.
    for (const auto& [path, mount] : paths_) found.mounts.push_back(mount);
    return found;
  }

 private:
  void add_notes() {
    if (locked_ > 0)
      notes_.push_back("this server may not read " + told_locked_ +
                       (locked_ > kMaxToldLocked ? " and " + std::to_string(locked_ - kMaxToldLocked) + " more" : "") +
                       " in the workspace, so the program can't write there: chmod u+rwx it and look before you open " +
                       "it");
    if (unguarded_ > 0)
      notes_.push_back(std::to_string(unguarded_) +
                       " of .git, .vscode and similar folders, or of folders that can't be read, are not protected, " +
                       shown_path(first_unguarded_) + " the first of them: there are too many so deep in the " +
                       "workspace, or their paths are too long for a mount; " + kGuardRemedy);
  }

  void guard(const std::string& path, const struct stat& status) {
    // Only folders are compared: the files of an overlay have the device number of the disk below it.
    const bool foreign = S_ISDIR(status.st_mode) && status.st_dev != device_;
    if (S_ISLNK(status.st_mode) || foreign) {
      seen_[path] = status.st_ino;
      notes_.push_back(shown_path(path) + " in the workspace is " +
                       (S_ISLNK(status.st_mode) ? "a link" : "another disk's") +
                       ", and is not protected against the program");
      return;
    }
    seen_[path] = S_ISREG(status.st_mode) ? 0 : status.st_ino;
    if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) hold(path, status);
  }

  // The content of the folder is not known, so it stays read-only.
  void lock(const std::string& path, const struct stat& status) {
    if (path == root_) all_locked_ = true;
    if (all_locked_ || !seen_.try_emplace(path, status.st_ino).second || !hold(path, status)) return;
    if (++locked_ <= kMaxToldLocked) told_locked_ += (locked_ == 1 ? "" : ", ") + shown_path(path);
  }

  // Makes it a read-only mount. False: no mount is left for it, or its path is too long for a mount.
  bool hold(const std::string& path, const struct stat& status) {
    const std::size_t depth = depth_of(path);
    const bool far = depth > kNearFolders;
    if (path.size() > kMaxMountLength ||
        (far && (far_mounts_ + depth + 1 > kMaxFarMounts || paths_.size() + depth + 1 > kMaxMounts))) {
      if (unguarded_++ == 0) first_unguarded_ = path;
      return false;
    }
    const auto before = paths_.size();
    paths_[path] = {.path = path, .read_only = true, .folder = S_ISDIR(status.st_mode), .inode = status.st_ino};
    // Otherwise the program could move a folder above it away and put another one in its place.
    for (auto above = parent_of(path); above != root_ && !above.empty(); above = parent_of(above))
      paths_.try_emplace(above, WorkspaceMount{.path = above, .read_only = false});
    if (far) far_mounts_ += paths_.size() - before;
    return true;
  }

  // The number of folders between the root and the last part of a path.
  std::size_t depth_of(const std::string& path) const {
    const auto below = std::string_view(path).substr(root_.empty() ? 0 : root_.size() + 1);
    return static_cast<std::size_t>(std::ranges::count(below, '/'));
  }

  std::string root_;
  dev_t device_ = 0;
  std::map<std::string, WorkspaceMount> paths_;
  std::map<std::string, std::uint64_t> seen_;
  std::vector<std::string> notes_;
  std::size_t far_mounts_ = 0;
  // Names beyond kNearFolders for which no mount is left, and names with too long a path.
  std::size_t unguarded_ = 0;
  std::string first_unguarded_;
  bool all_locked_ = false;
  std::size_t locked_ = 0;
  std::string told_locked_;  // names of the first few
};

}  // namespace

Result<WorkspaceProtection> guard_workspace(const std::string& path, const std::string& folder,
                                            const std::stop_token& stop, std::chrono::milliseconds far_time) {
  auto first = enter_workspace(path, folder);
  if (!first) return std::unexpected(first.error());
  return Search(folder).through(std::move(*first), stop, far_time);
}

Task<Result<void>> protect_workspace(BlockingWork& work, const Workspace& workspace, RunPlan& plan, Cancel cancel) {
  if (plan.workspace != WorkspaceAccess::read_write) co_return Result<void>{};
  if (workspace.path.empty()) {
    if (!plan.writable_folder.empty())
      co_return fail(ErrorCode::invalid_request,
                     "A folder of the workspace can't be writable alone, because the workspace can't be read here; set "
                     "workspace.path (DIND_WORKSPACE)");
    plan.notes.emplace_back(
        "the workspace can't be read here, so .git, .vscode and similar folders in it are as writable as the rest "
        "(workspace.path)");
    co_return Result<void>{};
  }
  // Under gVisor all of the workspace is writable (hardening).
  const auto writable = plan.isolation == Isolation::gvisor ? std::string() : plan.writable_folder;
  const auto looked = co_await work.run<Result<WorkspaceProtection>>(
      [path = workspace.path, folder = writable](const std::stop_token& stop) {
        return guard_workspace(path, folder, stop);
      },
      cancel);
  if (!looked) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  const auto& guard = *looked;
  if (!guard) co_return std::unexpected(guard.error());
  plan.workspace_mounts = guard->mounts;
  plan.workspace_seen = guard->seen;
  plan.workspace_max_depth = guard->max_depth;
  plan.notes.insert(plan.notes.end(), guard->notes.begin(), guard->notes.end());
  co_return Result<void>{};
}

}  // namespace dind::sandbox
