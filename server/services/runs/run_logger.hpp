// A run service that logs the steps of each run of another run service: asked, queued, prepared, started, ended.
// The limits in force (accepted) and the removals are logged where they happen.
#pragma once

#include <string>
#include <vector>

#include "services/runs/run_service.hpp"

namespace dind {

class RunLogger final : public RunService {
 public:
  // `frontend`: the frontend that asks. If it reports errors to people itself (cli, library, jsonrpc), the log has them
  // as info.
  RunLogger(RunService& runs, std::string frontend) : runs_(runs), frontend_(std::move(frontend)) {}
  // `spec.run_id` must be set. No line of the log contains the run's secrets.
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  Task<bool> wait_all_removed(Deadline deadline) override { return runs_.wait_all_removed(deadline); }
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override { return runs_.wait_all_removed_but_auto(deadline); }

 private:
  RunService& runs_;
  std::string frontend_;
};

// "1 min · 512 MiB · 1 CPU · 256 processes · network none"
std::string limits_text(const Limits& limits, Network network);

// "accepted: image a or b, 1 min · …": the images and limits of a run. `images`: in order of preference; empty: the
// image is built.
std::string accepted_text(const std::vector<std::string>& images, const Limits& limits, Network network);

}  // namespace dind
