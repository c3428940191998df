#include "services/runs/live_runs.hpp"

#include <algorithm>

#include "services/runs/run_title.hpp"
#include "support/async/until.hpp"
#include "support/clock.hpp"
#include "support/ids.hpp"
#include "support/masking.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

bool may_see(const Caller& caller, const LiveRun& run) { return caller.is_operator || caller.client == run.client; }

}  // namespace

std::string_view to_string(LiveRun::Phase phase) {
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

struct LiveRuns::State {
  explicit State(const asio::any_io_executor& executor) : ended(executor) {}
  std::list<Entry*> entries;
  RunFigures figures;
  Signal ended;
  Cancel closing;

  std::size_t count(bool handed_over) const {
    return static_cast<std::size_t>(
        std::ranges::count(entries, handed_over, [](const Entry* each) { return each->handed_over_; }));
  }

  template <typename Predicate>
  std::size_t cancel_where(CancelReason reason, Predicate matches) {
    std::vector<Cancel> found;  // copied first: a run may end, and leave the list, during its cancel
    for (const auto* entry : entries)
      if (matches(*entry)) found.push_back(entry->cancel_);
    for (auto& each : found) each.cancel(reason);
    return found.size();
  }
};

LiveRuns::Entry::Entry(std::shared_ptr<State> state, const RunSpec& spec, Cancel cancel)
    : state_(std::move(state)), cancel_(std::move(cancel)), handed_over_(spec.caller.handed_over) {
  run_.run_id = *spec.run_id;
  run_.client = spec.caller.client;
  run_.frontend = spec.caller.frontend;
  run_.what = SecretMask(spec.env).masked(run_title(spec));
  run_.began_ms = unix_now_ms();
  state_->entries.push_back(this);
}

LiveRuns::Entry::~Entry() {
  state_->figures.whole.add(since_begin());
  state_->entries.remove(this);
  state_->ended.notify();
}

double LiveRuns::Entry::since_begin() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

void LiveRuns::Entry::on_state(const StateChange& change) {
  if (std::holds_alternative<Queued>(change)) {
    run_.phase = LiveRun::Phase::queued;
    // The run entered the queue after `drain` had cancelled the queued runs.
    if (state_->closing.cancelled()) cancel_.cancel(CancelReason::shutdown);
  } else {
    if (run_.phase == LiveRun::Phase::queued) state_->figures.queue.add(since_begin());
    run_.phase = LiveRun::Phase::preparing;
  }
  if (const auto* started = std::get_if<Started>(&change)) {
    run_.phase = LiveRun::Phase::running;
    run_.name = started->name;
    run_.language = started->language;
    run_.image = started->image;
    run_.limits = started->limits;
    run_.container_id = started->container_id;
    state_->figures.to_start.add(since_begin());
  }
}

void LiveRuns::Entry::on_output(Channel channel, std::string_view bytes) {
  auto& figures = state_->figures;
  (channel == Channel::out ? figures.stdout_bytes : figures.stderr_bytes) += bytes.size();
  if (run_.output_bytes == 0 && run_.phase == LiveRun::Phase::running) figures.to_output.add(since_begin());
  run_.output_bytes += bytes.size();
}

void LiveRuns::Entry::count(const Result<RunResult>& result) {
  auto& figures = state_->figures;
  if (!result) {
    ++figures.errors[result.error().code];
    return;
  }
  ++figures.verdicts[result->verdict];
  figures.program.add(std::chrono::duration<double>(result->duration).count());
}

void LiveRuns::Entry::count_stopped() { ++state_->figures.stopped; }

LiveRuns::LiveRuns(const asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}

Result<std::unique_ptr<LiveRuns::Entry>> LiveRuns::add(const RunSpec& spec, Cancel cancel) {
  if (std::ranges::any_of(state_->entries, [&](const Entry* each) { return each->run_.run_id == *spec.run_id; }))
    return fail(ErrorCode::invalid_request,
                "A run with the id " + shortened(*spec.run_id, 80) + " is under way; use another id");
  return std::make_unique<Entry>(state_, spec, std::move(cancel));
}

std::vector<LiveRun> LiveRuns::list(const Caller& caller) const {
  std::vector<LiveRun> visible;
  for (const auto* each : state_->entries)
    if (may_see(caller, each->run_)) visible.push_back(each->run_);
  return visible;
}

std::size_t LiveRuns::cancel(const Caller& caller, const std::optional<std::string>& run_id, CancelReason reason) {
  return state_->cancel_where(reason, [&](const Entry& each) {
    return may_see(caller, each.run_) && (!run_id || each.run_.run_id == *run_id);
  });
}

void LiveRuns::drain() {
  state_->closing.cancel(CancelReason::shutdown);
  state_->cancel_where(CancelReason::shutdown,
                       [](const Entry& each) { return each.run_.phase == LiveRun::Phase::queued; });
}

Cancel LiveRuns::closing() const { return state_->closing; }

void LiveRuns::close(CancelReason reason) {
  drain();
  state_->cancel_where(reason, [](const Entry& each) { return !each.handed_over_; });
}

std::size_t LiveRuns::handed_over() const { return state_->count(true); }

std::size_t LiveRuns::own() const { return state_->count(false); }

Task<bool> LiveRuns::none(Deadline deadline, Cancel enough) {
  const auto state = state_;
  co_return co_await until(state->ended, [&] { return state->count(false) == 0; }, std::move(enough), deadline);
}

const RunFigures& LiveRuns::figures() const { return state_->figures; }

void LiveRuns::count_refused(ErrorCode code) { ++state_->figures.errors[code]; }

void LiveRuns::count_stopped() { ++state_->figures.stopped; }

}  // namespace dind
