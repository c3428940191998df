#include "services/runs/live_runs.hpp"

#include <algorithm>

#include "services/runs/run_title.hpp"
#include "support/ids.hpp"
#include "support/masking.hpp"
#include "support/unix_time.hpp"

namespace dind {

std::string_view name(LiveRun::Phase phase) {
  switch (phase) {
    case LiveRun::Phase::queued:
      return "queued";
    case LiveRun::Phase::preparing:
      return "preparing";
    case LiveRun::Phase::running:
      return "running";
  }
  return "running";
}

void TimeFigures::add(double value) {
  ++count;
  seconds += value;
  for (std::size_t i = 0; i < kBuckets.size(); ++i)
    if (value <= kBuckets[i]) ++at_most[i];
}

struct LiveRuns::Entry {
  LiveRun run;
  Way way = Way::own;
  Cancel cancel;
};

struct LiveRuns::State {
  explicit State(const asio::any_io_executor& executor) : ended(executor) {}
  std::list<Entry> entries;
  RunFigures figures;
  Signal ended;
  Cancel closing;

  void count(const Result<RunResult>& result) {
    if (!result) {
      ++figures.errors[result.error().code];
      return;
    }
    ++figures.verdicts[result->verdict];
    figures.program.add(std::chrono::duration<double>(result->duration).count());
  }

  std::size_t count(Way way) const { return static_cast<std::size_t>(std::ranges::count(entries, way, &Entry::way)); }

  template <typename Predicate>
  std::size_t cancel_where(CancelReason reason, Predicate matches) {
    std::vector<Cancel> found;  // copied first: a run may end, and leave the list, during its cancel
    for (const auto& entry : entries)
      if (matches(entry)) found.push_back(entry.cancel);
    for (auto& each : found) each.cancel(reason);
    return found.size();
  }
};

// Passes on all events, and notes how far the run is. The run's entry is in the list for the lifetime of this object.
class LiveRuns::Watch final : public EventSink {
 public:
  Watch(std::shared_ptr<State> state, Way way, std::string frontend, EventSink& sink, const RunSpec& spec,
        Cancel cancel)
      : state_(std::move(state)), sink_(sink), entry_(state_->entries.emplace(state_->entries.end())) {
    entry_->run.run_id = *spec.run_id;
    entry_->run.client = spec.client;
    entry_->way = way;
    entry_->run.frontend = std::move(frontend);
    entry_->run.what = Secrets(spec.env).masked(run_title(spec));
    entry_->run.began_ms = now_ms();
    entry_->cancel = std::move(cancel);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    state_->figures.whole.add(since_begin());
    state_->entries.erase(entry_);
    state_->ended.notify();
  }

  void on_state(const StateChange& change) override {
    LiveRun& run = entry_->run;
    if (std::holds_alternative<Queued>(change)) {
      run.phase = LiveRun::Phase::queued;
      // The run entered the queue after `drain` had cancelled the queued runs.
      if (state_->closing.cancelled()) entry_->cancel.cancel(CancelReason::shutdown);
    } else {
      if (run.phase == LiveRun::Phase::queued) state_->figures.queue.add(since_begin());
      run.phase = LiveRun::Phase::preparing;
    }
    if (const auto* started = std::get_if<Started>(&change)) {
      run.phase = LiveRun::Phase::running;
      run.name = started->name;
      run.language = started->language;
      run.image = started->image;
      run.limits = started->limits;
      run.container_id = started->container_id;
      state_->figures.to_start.add(since_begin());
    }
    sink_.on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    auto& figures = state_->figures;
    (channel == Channel::out ? figures.stdout_bytes : figures.stderr_bytes) += bytes.size();
    if (entry_->run.output_bytes == 0 && entry_->run.phase == LiveRun::Phase::running)
      figures.to_output.add(since_begin());
    entry_->run.output_bytes += bytes.size();
    sink_.on_output(channel, bytes, std::move(credit));
  }

 private:
  double since_begin() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

  const std::shared_ptr<State> state_;
  EventSink& sink_;
  const Deadline begun_ = Clock::now();
  std::list<Entry>::iterator entry_;
};

class LiveRuns::Beside final : public RunService {
 public:
  Beside(std::shared_ptr<State> state, RunService& runs, std::string frontend)
      : state_(std::move(state)), runs_(runs), frontend_(std::move(frontend)) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override {
    const auto state = state_;
    auto result = co_await follow(state, runs_, Way::beside, frontend_, std::move(spec), sink, std::move(input),
                                  std::move(cancel));
    state->count(result);
    co_return result;
  }
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  Task<bool> wait_all_removed(Deadline deadline) override { return runs_.wait_all_removed(deadline); }
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override { return runs_.wait_all_removed_but_auto(deadline); }

 private:
  std::shared_ptr<State> state_;
  RunService& runs_;
  std::string frontend_;
};

LiveRuns::LiveRuns(asio::any_io_executor executor, RunService& runs, std::string frontend)
    : runs_(runs), frontend_(std::move(frontend)), state_(std::make_shared<State>(executor)) {}
LiveRuns::~LiveRuns() = default;

std::unique_ptr<RunService> LiveRuns::beside(RunService& runs, std::string frontend) {
  return std::make_unique<Beside>(state_, runs, std::move(frontend));
}

Task<Result<RunResult>> LiveRuns::follow(std::shared_ptr<State> state, RunService& runs, Way way, std::string frontend,
                                         RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                         Cancel cancel) {
  if (!spec.run_id) spec.run_id = random_id();
  Watch watch(state, way, std::move(frontend), sink, spec, cancel);
  co_return co_await runs.run(std::move(spec), watch, std::move(input), std::move(cancel));
}

Task<Result<RunResult>> LiveRuns::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) {
  const auto state = state_;
  const auto stopped = [&](const char* when) {
    ++state->figures.stopped;
    return fail(ErrorCode::cancelled, std::string("The server is being stopped") + when +
                                          ": send it again, to another server or when this one is back");
  };
  if (state->closing.cancelled()) co_return stopped(", and takes no new run");
  auto result = co_await follow(state, runs_, Way::own, frontend_, std::move(spec), sink, std::move(input), cancel);
  if (state->closing.cancelled() && cancel.reason() == CancelReason::shutdown) {
    // It must not look like the program's own end, so that a proxy or a client can try another server.
    if (!result && result.error().code == ErrorCode::cancelled) co_return stopped(", and the program had not begun");
    if (result && result->verdict == Verdict::cancelled) co_return stopped(", and the program was ended");
  }
  state->count(result);
  co_return result;
}

std::vector<LiveRun> LiveRuns::list() const {
  std::vector<LiveRun> all;
  for (const auto& entry : state_->entries) all.push_back(entry.run);
  return all;
}

const RunFigures& LiveRuns::figures() const { return state_->figures; }

void LiveRuns::count_refused(ErrorCode code) { ++state_->figures.errors[code]; }

std::size_t LiveRuns::cancel(std::string_view run_id, CancelReason reason, const std::optional<std::string>& client) {
  return state_->cancel_where(
      reason, [&](const Entry& each) { return each.run.run_id == run_id && (!client || each.run.client == *client); });
}

Cancel LiveRuns::closing() const { return state_->closing; }

void LiveRuns::drain() {
  state_->closing.cancel(CancelReason::shutdown);
  state_->cancel_where(CancelReason::shutdown,
                       [](const Entry& each) { return each.run.phase == LiveRun::Phase::queued; });
}

void LiveRuns::close(CancelReason reason) {
  drain();
  state_->cancel_where(reason, [](const Entry& each) { return each.way == Way::own; });
}

Task<bool> LiveRuns::wait_all_removed(Deadline deadline) {
  const auto state = state_;
  if (state->count(Way::beside) == 0) co_return co_await runs_.wait_all_removed(deadline);
  drain();
  co_return co_await none(deadline);
}

std::size_t LiveRuns::own() const { return state_->count(Way::own); }

Task<bool> LiveRuns::none(Deadline deadline, Cancel enough) {
  const auto state = state_;
  const auto heard = enough.on_cancel([weak = std::weak_ptr(state)] {
    if (const auto alive = weak.lock()) alive->ended.notify();
  });
  while (state->count(Way::own) > 0 && !enough.cancelled()) {
    if (!co_await state->ended.wait(deadline)) break;
  }
  co_return state->count(Way::own) == 0;
}

}  // namespace dind
