// The one registry of the live runs of this process: lists them, cancels them, and counts how runs ended.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "services/runs/run_observer.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// The resource usage of a run at one moment.
struct RunUsage {
  std::int64_t memory_bytes = 0;
  std::chrono::milliseconds cpu_time{0};  // of all processors together, since its start
};

struct LiveRun {
  enum class Phase { queued, preparing, running };
  std::string run_id;
  std::string client;
  std::string frontend;  // the frontend, as the history names it
  Phase phase = Phase::preparing;
  std::int64_t began_ms = 0;  // Unix milliseconds
  std::string what;           // one line: the first line of the code, or the command
  // Known once the program has started.
  std::string name, language, image;
  std::optional<Limits> limits;
  std::string container_id;  // the engine's ID
  std::uint64_t output_bytes = 0;
  std::optional<RunUsage> usage;  // only if the engine was asked for it
};
std::string_view to_string(LiveRun::Phase phase);

// A histogram of durations in seconds, as in Prometheus: for each bound, the number of values that do not exceed it.
struct TimeFigures {
  static constexpr std::array<double, 12> kBuckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};
  std::array<std::uint64_t, kBuckets.size()> at_most{};
  std::uint64_t count = 0;
  double seconds = 0;
  void add(double value);
};

// Counts since the start of this process.
struct RunFigures {
  std::map<Verdict, std::uint64_t> verdicts;
  std::map<ErrorCode, std::uint64_t> errors;
  std::uint64_t stopped = 0;  // refused or ended by a stop of this process
  TimeFigures program;        // how long programs ran
  TimeFigures whole;          // from the request to the end, of all runs
  TimeFigures queue;          // from the request to a slot, of the runs that waited
  TimeFigures to_start;       // from the request to the program's start
  TimeFigures to_output;      // from the request to the program's first byte
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
};

class LiveRuns {
 public:
  explicit LiveRuns(const asio::any_io_executor& executor);
  class Entry;  // the place of one run in the list
  // Lists a run for as long as the entry lives. The entry observes the run. `spec.run_id` must be set.
  // Error (invalid_request): a live run has this id.
  Result<std::unique_ptr<Entry>> add(const RunSpec& spec, Cancel cancel);

  // The runs that `caller` may see, in the order in which they began.
  std::vector<LiveRun> list(const Caller& caller) const;
  std::vector<LiveRun> list() const { return list({.is_operator = true}); }
  // Cancels the caller's runs, or the one with this id, and returns how many there are. Those of other clients stay.
  std::size_t cancel(const Caller& caller, const std::optional<std::string>& run_id, CancelReason reason);
  // Refuses new runs (`closing`), and cancels the queued runs. The other runs continue.
  void drain();
  // Cancelled by `drain` and by `close`.
  Cancel closing() const;
  // Drains, and cancels all runs except the handed-over ones, which end with their clients.
  void close(CancelReason reason);
  std::size_t handed_over() const;
  // The number of runs that are not handed over.
  std::size_t own() const;
  // Waits until there are no own runs (true). False: the deadline passed first, or `enough` was cancelled.
  Task<bool> none(Deadline deadline, Cancel enough = {});

  const RunFigures& figures() const;
  // Counts a run that was refused before it had an entry.
  void count_refused(ErrorCode code);
  // Counts a run that a stop of this process refused.
  void count_stopped();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the entries: a run that hangs outlives this object
};

// Notes how far the run is. The run is in the list for the lifetime of this object.
class LiveRuns::Entry final : public RunObserver {
 public:
  Entry(std::shared_ptr<State> state, const RunSpec& spec, Cancel cancel);
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() override;
  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes) override;
  void on_end(const Result<RunResult>&) override {}  // the end that counts is the one that the client sees: `count`
  void on_exception(std::string_view) override {}
  void count(const Result<RunResult>& result);
  void count_stopped();

 private:
  friend class LiveRuns;
  double since_begin() const;

  const std::shared_ptr<State> state_;
  const Deadline begun_ = Clock::now();
  LiveRun run_;
  Cancel cancel_;
  const bool handed_over_;
};

}  // namespace dind
