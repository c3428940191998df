// A run service that knows which runs of another one are under way, can cancel them, and counts what there was.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "services/run_service.hpp"

namespace dind {

struct LiveRun {
  enum class Phase { queued, preparing, running };
  std::string run_id;
  std::string client;
  Phase phase = Phase::preparing;
  std::int64_t began_ms = 0;  // Unix milliseconds
  // Known once the program has started.
  std::string name, language, image;
};
std::string_view name(LiveRun::Phase phase);

// What there was since the start of this process.
struct RunFigures {
  static constexpr std::array<double, 12> kBuckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};  // seconds

  std::map<Verdict, std::uint64_t> verdicts;
  std::map<ErrorCode, std::uint64_t> errors;
  std::array<std::uint64_t, kBuckets.size()> at_most{};  // runs whose program took that long at most
  std::uint64_t timed = 0;                               // runs with a result
  double seconds = 0;                                    // their programs' time together
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
};

class LiveRuns final : public RunService {
 public:
  LiveRuns(asio::any_io_executor executor, RunService& runs) : runs_(runs), ended_(executor) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  void expect(RunSpec spec) override { runs_.expect(std::move(spec)); }
  std::size_t waiting_sandboxes() const override { return runs_.waiting_sandboxes(); }
  Task<bool> idle(Deadline deadline) override { return runs_.idle(deadline); }
  Task<bool> settled(Deadline deadline) override { return runs_.settled(deadline); }

  std::vector<LiveRun> list() const;  // in the order of their beginning
  const RunFigures& figures() const { return figures_; }
  // How many runs were told to end.
  std::size_t cancel(std::string_view run_id, CancelReason reason);
  // Cancels everything; runs that come later are refused.
  void close(CancelReason reason);
  // True once none is under way; false when the deadline passed first.
  Task<bool> none(Deadline deadline);

 private:
  struct Entry {
    LiveRun run;
    Cancel cancel;
  };
  class Watch;
  void count(const Result<RunResult>& result);

  RunService& runs_;
  std::list<Entry> entries_;
  RunFigures figures_;
  Signal ended_;
  std::optional<CancelReason> closed_;
};

}  // namespace dind
