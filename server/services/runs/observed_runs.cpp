#include "services/runs/observed_runs.hpp"

#include <algorithm>
#include <exception>

#include "services/history/history.hpp"
#include "services/runs/run_size.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind {
namespace {

using namespace std::chrono_literals;

std::unexpected<Error> stopped(const char* when) {
  return fail(ErrorCode::cancelled, std::string("The server is being stopped") + when +
                                        ": send it again, to another server or when this one is back");
}

// Whether a stop of this process ended a run, and when. nullptr: the run has its own end.
const char* when_stopped(const Result<RunResult>& result) {
  if (!result) return result.error().code == ErrorCode::cancelled ? ", and the program had not begun" : nullptr;
  return result->verdict == Verdict::cancelled ? ", and the program was ended" : nullptr;
}

std::unique_ptr<RunObserver> observer_of(const ObserveRun& observe, const RunSpec& spec) {
  try {
    return observe(spec);
  } catch (const std::exception& e) {
    log(LogLevel::error, std::string("The run goes on, but can't be observed: ") + e.what(), *spec.run_id);
    return nullptr;
  }
}

}  // namespace

Task<Result<RunResult>> ObservedRuns::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                          Cancel cancel) {
  if (!spec.run_id) spec.run_id = random_id();
  if (spec.caller.frontend.empty()) spec.caller.frontend = frontend_;
  const bool own = !spec.caller.handed_over;
  const Cancel closing = live_.closing();
  if (own && closing.cancelled()) {
    live_.count_stopped();
    co_return stopped(", and takes no new run");
  }
  const auto refused = [&](Error error) {
    log(LogLevel::info, "not run: " + std::string(to_string(error.code)) + ": " + error.message, *spec.run_id);
    live_.count_refused(error.code);
    return std::unexpected(std::move(error));
  };
  if (auto small = check_size(spec); !small) co_return refused(small.error());
  // Before the observers: a record of a refused run would have the id of the run that is live.
  auto entry = live_.add(spec, cancel);
  if (!entry) co_return refused(entry.error());
  // Not an observer: a run whose secrets cannot be hidden does not go on.
  const LogMask hidden(secret_mask(spec));
  ObservedSink observed(sink, *spec.run_id);
  for (const auto& each : observers_.observe) observed.add(observer_of(each, spec));
  LiveRuns::Entry& live = **entry;
  observed.add(std::move(*entry));
  Result<RunResult> result = fail(ErrorCode::internal, "");
  try {
    result = co_await runs_.run(std::move(spec), observed, std::move(input), cancel);  // may outlive this object
  } catch (const std::exception& e) {
    observed.on_exception(e.what());
    throw;
  } catch (...) {
    observed.on_exception("an unknown exception");
    throw;
  }
  observed.on_end(result);
  if (own && closing.cancelled() && cancel.reason() == CancelReason::shutdown) {
    // It must not look like the program's own end, so that a proxy or a client can try another server.
    if (const char* when = when_stopped(result)) {
      live.count_stopped();
      co_return stopped(when);
    }
  }
  live.count(result);
  co_return result;
}

Task<void> ObservedRuns::wait_written(Deadline deadline) {
  if (observers_.written) co_await observers_.written(std::min(std::max(deadline, in(500ms)), in(3s)));
}

Task<bool> ObservedRuns::wait_all_removed(Deadline deadline) {
  if (live_.handed_over() > 0) {
    live_.drain();
    co_return co_await live_.none(deadline);
  }
  const bool removed = co_await runs_.wait_all_removed(deadline);
  co_await wait_written(deadline);
  co_return removed;
}

Task<bool> ObservedRuns::wait_all_removed_but_auto(Deadline deadline) {
  const bool removed = co_await runs_.wait_all_removed_but_auto(deadline);
  co_await wait_written(deadline);
  co_return removed;
}

}  // namespace dind
