// The run service on a real engine.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "services/admission.hpp"
#include "services/images.hpp"
#include "services/policy_limits.hpp"
#include "services/run_service.hpp"

namespace dind {

struct RunPolicy {
  LimitPolicy limits;
  std::map<std::string, std::string> images;  // language → image
  PullPolicy pull = PullPolicy::missing;      // `never` binds callers; the others are what they get by default
  std::size_t concurrent_runs = 0;            // 0: from cores and memory
  std::size_t queued_runs = 64;
  bool enabled = true;
};

class Runs final : public RunService {
 public:
  Runs(asio::any_io_executor executor, engine::Client& client, sandbox::Sandboxes& sandboxes,
       RegistryCredentials credentials, RunPolicy policy);
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  Task<bool> idle(Deadline deadline) override;
  Images& images() { return images_; }

 private:
  Result<sandbox::RunPlan> plan(const RunSpec& spec) const;
  // An engine refuses more CPUs than its machine has; the most that there are is what was meant.
  Task<void> fit_cpus(sandbox::RunPlan& plan);

  asio::any_io_executor executor_;
  engine::Client& client_;
  sandbox::Sandboxes& sandboxes_;
  RunPolicy policy_;
  Images images_;
  Admission admission_;
  int engine_cpus_ = 0;                // 0: not asked yet
  std::map<std::string, int> active_;  // run ids that are under way
};

}  // namespace dind
