// The run service that frontends call. It registers each run in the list of live runs and passes its events to the
// observers, then to the frontend.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/runs/live_runs.hpp"
#include "services/runs/run_observer.hpp"
#include "services/runs/run_service.hpp"

namespace dind {

struct RunObservers {
  std::vector<ObserveRun> observe = {};  // in the order in which they get each event
  // Waits until what was observed is written, or until the deadline. May be empty.
  std::function<Task<void>(Deadline)> written = {};
};

class ObservedRuns final : public RunService {
 public:
  // `frontend`: the one of a run whose caller names none. `runs`: runs the programs. It and `live` must outlive this
  // object.
  ObservedRuns(RunService& runs, LiveRuns& live, RunObservers observers = {}, std::string frontend = {})
      : runs_(runs), live_(live), observers_(std::move(observers)), frontend_(std::move(frontend)) {}
  // More errors: invalid_request (a live run has this id, or there are too many variables), cancelled (a stop of this
  // process refused or ended the run).
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  std::size_t cancel(const Caller& caller, const std::optional<std::string>& run_id, CancelReason reason) override {
    return live_.cancel(caller, run_id, reason);
  }
  void warm_up_for(RunSpec spec) override { runs_.warm_up_for(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  Cancel closing() const override { return live_.closing(); }
  // If handed-over runs are live, they continue. Then this call drains, and waits only for the other runs. Otherwise
  // both calls then wait until the observers have written everything, for at most 3 s; up to 500 ms even after the
  // deadline.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

 private:
  Task<void> wait_written(Deadline deadline);

  RunService& runs_;
  LiveRuns& live_;
  RunObservers observers_;
  std::string frontend_;
};

}  // namespace dind
