#include "sandbox/workspace_guard.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "support/escaped.hpp"
#include "support/folder.hpp"
#include "support/shortened.hpp"

namespace dind::sandbox {
namespace {

constexpr std::size_t kDeepest = 6;
constexpr std::size_t kMostFolders = 50'000;
constexpr std::size_t kMostNames = 2'000'000;  // in one folder
constexpr std::size_t kMostMounts = 500;

constexpr const char* kRemedy = "mount it read-only, or make a smaller folder of it the writable one (--workspace DIR)";

std::string shown(const std::string& path) { return shortened(escaped(path), 200); }

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// The folder, part by part: a link among them could lead anywhere.
Result<Folder> enter(const std::string& path, const std::string& folder) {
  auto at = Folder::open(path);
  if (!at) return fail(ErrorCode::not_found, "The workspace " + path + " is not there; check workspace.path");
  std::string_view rest = folder;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (std::ranges::find(kGuardedNames, rest.substr(0, end)) != kGuardedNames.end())
      return fail(ErrorCode::invalid_request, "The folder " + shown(folder) +
                                                  " of the workspace is never writable in " +
                                                  "a sandbox: programs of its owner's trust what is in it");
    auto below = at->below(std::string(rest.substr(0, end)));
    if (!below)
      return fail(ErrorCode::not_found, "The workspace has no folder " + shown(folder) +
                                            " that can be entered without a link; check its path");
    at.emplace(std::move(*below));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::move(*at);
}

class Search {
 public:
  explicit Search(std::string root) : root_(std::move(root)) {}

  Result<WorkspaceGuard> through(Folder first, const std::stop_token& stop) {
    device_ = first.itself().st_dev;
    // The nearest first. Paths are opened again when their turn comes: as many descriptors as folders would be too
    // many.
    std::deque<std::pair<std::string, std::size_t>> open{{root_, 0}};
    std::size_t looked = 0;
    while (!open.empty()) {
      if (stop.stop_requested()) return fail(ErrorCode::cancelled, "The run was cancelled");
      const auto [path, depth] = open.front();
      open.pop_front();
      if (++looked > kMostFolders)
        return fail(ErrorCode::invalid_request, "The workspace has more than 50,000 folders, too many to guard the " +
                                                    std::string("settings and hooks in them: ") + kRemedy);
      auto folder = reopen(first, path);
      if (!folder) continue;  // gone meanwhile, or locked: then the program's user can't write there either
      const auto names = folder->names(kMostNames);
      if (!names) continue;
      if (names->size() == kMostNames)
        return fail(ErrorCode::invalid_request, "The folder " + shown(path) + " of the workspace has more than " +
                                                    "2,000,000 files, too many to guard: " + kRemedy);
      for (const auto& name : *names) {
        const bool guarded = std::ranges::find(kGuardedNames, name) != kGuardedNames.end();
        if (!guarded && depth == kDeepest) continue;
        if (name == "node_modules") continue;
        const auto status = folder->look(name);
        if (!status) continue;
        if (guarded) {
          guard(joined(path, name), *status);
          if (paths_.size() > kMostMounts)
            return fail(ErrorCode::invalid_request,
                        "The workspace has more settings and hooks (.git, .vscode …) than " +
                            std::string("can be guarded: ") + kRemedy);
        } else if (S_ISDIR(status->st_mode) && status->st_dev == device_) {
          open.emplace_back(joined(path, name), depth + 1);
        }
      }
    }
    WorkspaceGuard found{.mounts = {}, .notes = std::move(notes_)};
    if (!root_.empty()) found.mounts.push_back({.path = root_, .read_only = false, .inode = first.itself().st_ino});
    // A path sorts behind its parents.
    for (const auto& [path, mount] : paths_) found.mounts.push_back(mount);
    return found;
  }

 private:
  std::optional<Folder> reopen(const Folder& first, const std::string& path) const {
    auto rest = std::string_view(path).substr(root_.empty() ? 0 : std::min(root_.size() + 1, path.size()));
    auto at = first.below(".");
    while (at && !rest.empty()) {
      const auto end = std::min(rest.find('/'), rest.size());
      auto below = at->below(std::string(rest.substr(0, end)));
      if (!below) return std::nullopt;
      at.emplace(std::move(*below));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return at;
  }

  void guard(const std::string& path, const struct stat& status) {
    // An overlay's files bear the number of the disk beneath.
    const bool foreign = S_ISDIR(status.st_mode) && status.st_dev != device_;
    if (S_ISLNK(status.st_mode) || foreign) {
      notes_.push_back(shown(path) + " in the workspace is " + (S_ISLNK(status.st_mode) ? "a link" : "another disk's") +
                       ", and is not guarded against the program");
      return;
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) return;
    paths_[path] = {.path = path, .read_only = true, .folder = S_ISDIR(status.st_mode), .inode = status.st_ino};
    // Or its folder could be moved away, and another put in its place.
    for (auto above = parent_of(path); above != root_ && !above.empty(); above = parent_of(above))
      paths_.try_emplace(above, WorkspaceMount{.path = above, .read_only = false});
  }

  std::string root_;
  dev_t device_ = 0;
  std::map<std::string, WorkspaceMount> paths_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<WorkspaceGuard> guard_workspace(const std::string& path, const std::string& folder,
                                       const std::stop_token& stop) {
  auto first = enter(path, folder);
  if (!first) return std::unexpected(first.error());
  return Search(folder).through(std::move(*first), stop);
}

Task<Result<void>> guard_plan(BlockingWork& work, const Workspace& workspace, RunPlan& plan, Cancel cancel) {
  if (plan.workspace != WorkspaceAccess::read_write) co_return Result<void>{};
  if (workspace.path.empty()) {
    if (!plan.workspace_folder.empty())
      co_return fail(ErrorCode::invalid_request,
                     "A folder of the workspace can't be the writable one where we don't see the workspace; set "
                     "workspace.path (DIND_WORKSPACE)");
    plan.notes.emplace_back(
        "the workspace is not seen here, so .git, .vscode and their like in it are as writable as the rest "
        "(workspace.path)");
    co_return Result<void>{};
  }
  // Under gVisor all of it is writable (hardening).
  const auto writable = plan.isolation == Isolation::gvisor ? std::string() : plan.workspace_folder;
  const auto looked = co_await work.run<Result<WorkspaceGuard>>(
      [path = workspace.path, folder = writable](const std::stop_token& stop) {
        return guard_workspace(path, folder, stop);
      },
      cancel);
  if (!looked) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  const auto& guard = *looked;
  if (!guard) co_return std::unexpected(guard.error());
  plan.workspace_mounts = guard->mounts;
  plan.notes.insert(plan.notes.end(), guard->notes.begin(), guard->notes.end());
  co_return Result<void>{};
}

}  // namespace dind::sandbox
