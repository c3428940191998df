// The part of Sandboxes that adds to a plan what this machine determines: the workspace, its user, and when what is
// left may be removed.
#include <algorithm>

#include "sandbox/hardening.hpp"
#include "sandbox/run/sandboxes.hpp"
#include "sandbox/workspace/workspace_guard.hpp"

namespace dind::sandbox {

void Sandboxes::set_workspace_if_unset(const std::string& path) {
  if (!adopts_) return;
  if (std::ranges::find(adopted_, path) == adopted_.end()) adopted_.push_back(path);
  workspace_ = with_root(std::move(workspace_), adopted_.front());
}

void Sandboxes::forget_workspace(const std::string& path) {
  if (!adopts_) return;
  std::erase(adopted_, path);
  workspace_.engine_path = workspace_.path = adopted_.empty() ? "" : adopted_.front();
}

std::optional<Workspace> Sandboxes::workspace_at(const std::string& root) const {
  if (!root.empty() && std::ranges::find(adopted_, root) == adopted_.end()) return std::nullopt;
  return with_root(workspace_, root);
}

Task<Result<std::string>> Sandboxes::resolve_workspace(RunPlan& plan, const engine::Image& image, Cancel cancel) {
  if (!plan.workspace) co_return kNobody;
  std::string note;
  const auto workspace = with_root(workspace_, plan.workspace_root);
  auto user = workspace_user(workspace, note);
  if (!note.empty()) plan.notes.push_back(note);
  if (const auto guarded = co_await protect_workspace(work_, workspace, plan, std::move(cancel)); !guarded)
    co_return std::unexpected(guarded.error());
  // The supervisor enters the image's WORKDIR in the workspace, like a folder that a caller names.
  if (plan.working_dir.empty() && image.working_dir.starts_with(kWorkspaceMount)) plan.working_dir = image.working_dir;
  co_return user;
}

SandboxContext Sandboxes::context(const RunPlan& plan, const engine::Image& image, std::string user) const {
  const auto workspace = with_root(workspace_, plan.workspace_root);
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(plan.limits.timeout + kRemovalGrace);
  return {.image = image,
          .workspace_source = workspace.engine_path,
          .workspace_inode = inode_of(workspace.path),
          .user = std::move(user),
          .supervisor_volume = resources_.supervisor_volume(),
          .owner = owner_,
          .remove_after = client_.unix_now() + life.count()};
}

}  // namespace dind::sandbox
