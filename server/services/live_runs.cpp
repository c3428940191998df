#include "services/live_runs.hpp"

#include "support/ids.hpp"

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

// Passes everything on, and notes how far the run is. The entry is there as long as it.
class LiveRuns::Watch final : public EventSink {
 public:
  Watch(LiveRuns& all, EventSink& sink, const RunSpec& spec, Cancel cancel)
      : all_(all), sink_(sink), entry_(all.entries_.emplace(all.entries_.end())) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    entry_->run.run_id = *spec.run_id;
    entry_->run.client = spec.client;
    entry_->run.began_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    entry_->cancel = std::move(cancel);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    all_.entries_.erase(entry_);
    all_.ended_.notify();
  }

  void on_state(const StateChange& change) override {
    LiveRun& run = entry_->run;
    if (std::holds_alternative<Queued>(change)) {
      run.phase = LiveRun::Phase::queued;
    } else if (std::holds_alternative<Preparing>(change)) {
      run.phase = LiveRun::Phase::preparing;
    } else if (const auto* started = std::get_if<Started>(&change)) {
      run.phase = LiveRun::Phase::running;
      run.name = started->name;
      run.language = started->language;
      run.image = started->image;
    }
    sink_.on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    (channel == Channel::out ? all_.figures_.stdout_bytes : all_.figures_.stderr_bytes) += bytes.size();
    sink_.on_output(channel, bytes, std::move(credit));
  }

 private:
  LiveRuns& all_;
  EventSink& sink_;
  std::list<Entry>::iterator entry_;
};

Task<Result<RunResult>> LiveRuns::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) {
  if (!spec.run_id) spec.run_id = random_id();
  if (closed_) co_return fail(ErrorCode::cancelled, "The server is shutting down: try again when it is back");
  Watch watch(*this, sink, spec, cancel);
  auto result = co_await runs_.run(std::move(spec), watch, std::move(input), std::move(cancel));
  count(result);
  co_return result;
}

void LiveRuns::count(const Result<RunResult>& result) {
  if (!result) {
    ++figures_.errors[result.error().code];
    return;
  }
  ++figures_.verdicts[result->verdict];
  ++figures_.timed;
  const double seconds = std::chrono::duration<double>(result->duration).count();
  figures_.seconds += seconds;
  for (std::size_t i = 0; i < RunFigures::kBuckets.size(); ++i)
    if (seconds <= RunFigures::kBuckets[i]) ++figures_.at_most[i];
}

std::vector<LiveRun> LiveRuns::list() const {
  std::vector<LiveRun> all;
  for (const auto& entry : entries_) all.push_back(entry.run);
  return all;
}

std::size_t LiveRuns::cancel(std::string_view run_id, CancelReason reason) {
  std::vector<Cancel> found;  // a run may end within its cancel
  for (const auto& entry : entries_)
    if (entry.run.run_id == run_id) found.push_back(entry.cancel);
  for (auto& each : found) each.cancel(reason);
  return found.size();
}

void LiveRuns::close(CancelReason reason) {
  closed_ = reason;
  std::vector<Cancel> found;
  for (const auto& entry : entries_) found.push_back(entry.cancel);
  for (auto& each : found) each.cancel(reason);
}

Task<bool> LiveRuns::none(Deadline deadline) {
  while (!entries_.empty()) {
    if (!co_await ended_.wait(deadline)) co_return entries_.empty();
  }
  co_return true;
}

}  // namespace dind
