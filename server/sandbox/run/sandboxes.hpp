// Runs programs in sandboxes, each in one container, from create to removal.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/network/network_holder.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/sandbox_host.hpp"
#include "sandbox/start/sandbox_starter.hpp"
#include "sandbox/start/shared_resources.hpp"
#include "sandbox/warm_pool/warm_pool.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

class Sandboxes final : public SandboxHost {
 public:
  Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace = {});

  Task<Result<RunResult>> run(SandboxRequest request, EventSink& sink, Cancel cancel) override;

  Task<void> warm_up(RunPlan plan, engine::Image image) override;
  void configure_warm_pool(WarmPoolPolicy policy) override { warm_pool_.configure(policy); }
  std::size_t warm_pool_size() const override { return warm_pool_.size(); }
  void close_warm_pool() override { warm_pool_.close(); }
  SandboxCounts counts() const override { return counts_; }

  Task<bool> wait_run_removed(std::string run_id, Deadline deadline) override;
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

  Task<Result<Removals::PendingRemoval>> create_dependency_volume(std::string volume, std::string run_id,
                                                                  std::chrono::seconds life,
                                                                  Deadline deadline) override;
  Task<Result<NetworkHolder>> create_build_network(std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel) override;

  const Workspace& workspace() const override { return workspace_; }
  void set_workspace_if_unset(const std::string& path) override;
  void forget_workspace(const std::string& path) override;
  const std::vector<std::string>& adopted_workspaces() const override { return adopted_; }
  std::optional<Workspace> workspace_at(const std::string& root) const override;

  Removals& removals() { return removals_; }
  // Sets the file that remembers which images have no problems (ImageCheck). It is in a folder of this user.
  void remember_images_in(std::filesystem::path file) { starter_.images().remember_in(std::move(file)); }

 private:
  struct Run;
  // Adapts a plan that has the workspace to it. Returns the run's user.
  Task<Result<std::string>> resolve_workspace(RunPlan& plan, const engine::Image& image, Cancel cancel);
  SandboxContext context(const RunPlan& plan, const engine::Image& image, std::string user) const;

  asio::any_io_executor executor_;
  engine::Client& client_;
  std::string owner_;
  Workspace workspace_;
  const bool adopts_;  // the operator has set no workspace
  std::vector<std::string> adopted_;
  Removals removals_;
  SharedResources resources_;
  SandboxStarter starter_;
  WarmPool warm_pool_;
  BlockingWork work_;
  SandboxCounts counts_;
};

}  // namespace dind::sandbox
