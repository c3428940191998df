// The run service on a real engine.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/client.hpp"
#include "sandbox/sandbox_host.hpp"
#include "services/builds/image_builds.hpp"
#include "services/dependencies/dependency_installer.hpp"
#include "services/images/images.hpp"
#include "services/runs/admission.hpp"
#include "services/runs/policy_limits.hpp"
#include "services/runs/run_service.hpp"
#include "support/async/counted.hpp"

namespace dind {

struct RunPolicy {
  LimitPolicy limits;
  std::map<std::string, std::string> images;  // language → image
  PullPolicy pull = PullPolicy::missing;      // `never`: callers can't choose another; else their default
  std::vector<std::string> allowed_images;    // ImagePolicy::allowed
  std::int64_t max_pulled_bytes = kMaxPulledBytes;
  Isolation isolation = Isolation::runc;  // `gvisor`: callers can't choose another
  std::size_t concurrent_runs = 0;        // 0: computed from cores and memory
  std::size_t queued_runs = 128;
  std::size_t concurrent_runs_per_client = 0;  // 0: only concurrent_runs bounds a client
  std::size_t queued_runs_per_client = 0;      // 0: half of queued_runs
  bool enabled = true;
  DependencyPolicy packages;
  BuildPolicy build;
  sandbox::WarmPoolPolicy warm_pool;
  std::vector<std::string> warm_languages;  // warm from the start, even if not used yet
  std::string authorities;  // PEM of certificate authorities for runs with a network; empty: those of the image
};

class TotalTimeout;
class OutputTail;

class Runs final : public RunService {
 public:
  Runs(asio::any_io_executor executor, engine::Client& client, sandbox::SandboxHost& sandboxes,
       RegistryCredentials credentials, RunPolicy policy);
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void warm_up_for(RunSpec spec) override;
  std::size_t warm_sandbox_count() const override;
  RunCapacity capacity() const override;
  // Both first close the warm pool, and wait for the active runs and builds.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;
  // Cancelled by `wait_all_removed` and `wait_all_removed_but_auto`: other frontends must end with the one that ends.
  Cancel shutdown_signal() const { return shutdown_signal_; }
  // Applies the limits and the numbers of runs in `policy`, and nothing else of it.
  void take_limits(const RunPolicy& policy);
  // Keeps sandboxes warm as the policy allows, and follows the engine's image events, so that known images need no
  // question. Runs until `cancel`, and then removes the warm sandboxes.
  Task<void> maintain_warm_pool(Cancel cancel);
  Images& images() { return images_; }

 private:
  Result<sandbox::RunPlan> plan(const RunSpec& spec) const;
  void add_hints(const RunSpec& spec, const OutputTail& tail, RunResult& result) const;
  Task<void> begin_shutdown(Deadline deadline);
  Task<void> prepare_warm_sandbox(sandbox::RunPlan plan);
  // An engine refuses more CPUs than its machine has, so such a run gets all CPUs of the machine.
  Task<void> clamp_cpus(sandbox::RunPlan& plan);
  // The stage of a run, and what the run holds until its containers are removed.
  struct RunProgress {
    sandbox::RunPlan plan;
    PullPolicy pull = PullPolicy::missing;
    Stage stage = Stage::queue;
    bool pulled = false;  // a pull of its image had begun
    Admission::Slot slot;
    sandbox::Removals::PendingRemoval packages;
  };
  Task<Result<RunResult>> run_admitted(RunSpec spec, RunProgress& progress, EventSink& sink,
                                       std::shared_ptr<StdinPipe> input, TotalTimeout& time);
  Task<Result<Images::Found>> find_image(RunProgress& progress, const RunSpec& spec, EventSink& sink, Cancel cancel);
  static Task<void> release_slot_when_removed(RunProgress progress, sandbox::SandboxHost& sandboxes, std::string id);
  // Error: the engine does not have what the plan's isolation needs.
  Task<Result<void>> check_isolation(const sandbox::RunPlan& plan);

  asio::any_io_executor executor_;
  engine::Client& client_;
  sandbox::SandboxHost& sandboxes_;
  RunPolicy policy_;
  Images images_;
  DependencyInstaller packages_;
  ImageBuilds builds_;
  Admission admission_;
  int engine_cpus_ = 0;  // 0: not asked yet
  Cancel shutdown_signal_;
  bool warm_ = false;         // the warm pool is in use
  bool gvisor_seen_ = false;  // an engine without gVisor is asked again: it may get it
  Counted active_;            // runs
};

}  // namespace dind
