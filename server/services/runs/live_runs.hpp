// A run service that knows the active runs of another run service, can cancel them, and counts their outcomes.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/runs/run_service.hpp"

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
std::string_view name(LiveRun::Phase phase);

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

class LiveRuns final : public RunService {
 public:
  // `frontend`: the frontend that calls `run`.
  LiveRuns(asio::any_io_executor executor, RunService& runs, std::string frontend = {});
  ~LiveRuns() override;
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  // If runs of `beside` are active, they continue. Then this call drains, and waits only for the own runs.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override { return runs_.wait_all_removed_but_auto(deadline); }
  // Another run service, whose runs are listed and counted here as well. If a stop ends one of its runs, the run keeps
  // its result. Must not outlive this object.
  std::unique_ptr<RunService> beside(RunService& runs, std::string frontend);

  std::vector<LiveRun> list() const;  // in the order in which they began
  const RunFigures& figures() const;
  // Counts a run that was refused before `run` was called.
  void count_refused(ErrorCode code);
  // Cancels the runs with this id and returns how many there are. `client`: only the runs of this client.
  std::size_t cancel(std::string_view run_id, CancelReason reason, const std::optional<std::string>& client = {});
  // Refuses new runs (Error cancelled), and ends the queued runs with the same error. The other runs continue.
  void drain();
  // Cancelled by `drain` and by `close`.
  Cancel closing() const override;
  // Drains, and cancels all runs except those of `beside`, which end with their clients.
  void close(CancelReason reason);
  // The number of own active runs: without those of `beside`.
  std::size_t own() const;
  // Waits until there are no own runs (true). False: the deadline passed first, or `enough` was cancelled.
  Task<bool> none(Deadline deadline, Cancel enough = {});

 private:
  struct Entry;
  struct State;
  class Watch;
  class Beside;
  enum class Way { own, beside };
  static Task<Result<RunResult>> follow(std::shared_ptr<State> state, RunService& runs, Way way, std::string frontend,
                                        RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel);

  RunService& runs_;
  std::string frontend_;
  std::shared_ptr<State> state_;  // shared with the runs: a run that hangs outlives this object
};

}  // namespace dind
