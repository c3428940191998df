// A run service that writes each run of another run service into the history.
#pragma once

#include <string>

#include "services/history/history.hpp"
#include "services/runs/run_service.hpp"

namespace dind {

class HistoryRecorder final : public RunService {
 public:
  // `frontend`: the frontend that asks, as the history names it.
  HistoryRecorder(RunService& runs, History& history, std::string frontend)
      : runs_(runs), history_(history), frontend_(std::move(frontend)) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  // Both then also wait until the history is written, for at most 3 s; up to 500 ms even after the deadline.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

 private:
  RunService& runs_;
  History& history_;
  std::string frontend_;
};

}  // namespace dind
