// A run service that writes each run of another one into the history.
#pragma once

#include <string>

#include "services/history.hpp"
#include "services/run_service.hpp"

namespace dind {

class HistoryRecorder final : public RunService {
 public:
  // `face`: who asks, as the history names it.
  HistoryRecorder(RunService& runs, History& history, std::string face)
      : runs_(runs), history_(history), face_(std::move(face)) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  // And until the history is written, for some seconds at most.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

 private:
  RunService& runs_;
  History& history_;
  std::string face_;
};

}  // namespace dind
