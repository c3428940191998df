// A run service that knows which runs of another one are under way, can cancel them, and counts what there was.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/run_service.hpp"

namespace dind {

// What a run uses at one moment.
struct RunUsage {
  std::int64_t memory_bytes = 0;
  std::chrono::milliseconds cpu_time{0};  // of all processors together, since its start
};

struct LiveRun {
  enum class Phase { queued, preparing, running };
  std::string run_id;
  std::string client;
  std::string face;  // who asks, as the history names it
  Phase phase = Phase::preparing;
  std::int64_t began_ms = 0;  // Unix milliseconds
  std::string what;           // one line: the first line of the code, the command
  // Known once the program has started.
  std::string name, language, image;
  std::optional<Limits> limits;
  std::string container_id;  // the engine's
  std::uint64_t output_bytes = 0;
  std::optional<RunUsage> usage;  // where somebody asked the engine
};
std::string_view name(LiveRun::Phase phase);

// Counts of values that took no longer than each of some bounds, as Prometheus has histograms. Seconds.
struct TimeFigures {
  static constexpr std::array<double, 12> kBuckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};
  std::array<std::uint64_t, kBuckets.size()> at_most{};
  std::uint64_t count = 0;
  double seconds = 0;
  void add(double value);
};

// What there was since the start of this process.
struct RunFigures {
  std::map<Verdict, std::uint64_t> verdicts;
  std::map<ErrorCode, std::uint64_t> errors;
  std::uint64_t stopped = 0;  // refused or ended by a stop of this process
  TimeFigures program;        // how long programs ran
  TimeFigures whole;          // from the request to the end, of all runs
  TimeFigures queue;          // until there was a place, of those that waited
  TimeFigures to_start;       // from the request to the program's start
  TimeFigures to_output;      // from the request to the program's first byte
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
};

class LiveRuns final : public RunService {
 public:
  // `face`: who asks, where `run` is called.
  LiveRuns(asio::any_io_executor executor, RunService& runs, std::string face = {});
  ~LiveRuns() override;
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t warm_sandbox_count() const override { return runs_.warm_sandbox_count(); }
  RunCapacity capacity() const override { return runs_.capacity(); }
  // Where runs of another way in are under way, these go on: then this waits for its own alone, and takes no new one.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override { return runs_.wait_all_removed_but_auto(deadline); }
  // Another way in, whose runs are listed and counted here as well. Its runs that end with a stop keep their result.
  // Must not outlive this.
  std::unique_ptr<RunService> beside(RunService& runs, std::string face);

  std::vector<LiveRun> list() const;  // in the order of their beginning
  const RunFigures& figures() const;
  // Counts a run that was refused before it came to `run`.
  void count_refused(ErrorCode code);
  // How many runs were told to end. `client`: only those of this client.
  std::size_t cancel(std::string_view run_id, CancelReason reason, const std::optional<std::string>& client = {});
  // Runs that come later are refused (Error cancelled), and those that wait for their turn end so. The others go on.
  void drain();
  // Cancelled by `drain` and by `close`.
  Cancel closing() const override;
  // Drains, and cancels everything but the runs of another way in, which end with their clients.
  void close(CancelReason reason);
  // How many are under way, without those of another way in.
  std::size_t own() const;
  // True once there are none of these; false when the deadline passed first, or `enough` was cancelled.
  Task<bool> none(Deadline deadline, Cancel enough = {});

 private:
  struct Entry;
  struct State;
  class Watch;
  class Beside;
  enum class Way { own, beside };
  static Task<Result<RunResult>> follow(std::shared_ptr<State> state, RunService& runs, Way way, std::string face,
                                        RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel);

  RunService& runs_;
  std::string face_;
  std::shared_ptr<State> state_;  // with the runs: one that hangs outlives this
};

}  // namespace dind
