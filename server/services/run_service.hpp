// Runs programs: admission, planning, a sandbox, a verdict, removal. The one door that every face goes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"
#include "support/cancel.hpp"
#include "support/stdin_pipe.hpp"
#include "support/task.hpp"

namespace dind {

// What there is for runs, and how they came to their sandboxes.
struct RunCapacity {
  std::size_t slots = 0;        // runs at once
  std::size_t queue_slots = 0;  // runs that may wait
  std::uint64_t warm = 0;       // runs that took a sandbox that waited
  std::uint64_t cold = 0;       // runs that made their own
};

class RunService {
 public:
  virtual ~RunService() = default;
  // The result of a run, or why there was none. Returns within 300 ms of `cancel` (verdict cancelled, or Error
  // cancelled where the program had not begun); removal goes on behind it. `sink` and `input` must live until it
  // returns; no event comes after that. `input` null: empty stdin.
  virtual Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                      Cancel cancel) = 0;
  // Runs like this may come soon: what they need is made ready as far as that is allowed here and costs no download.
  // `spec.program` may be without its text. What can't be made ready is left alone.
  virtual void expect(RunSpec /*spec*/) {}
  // Sandboxes that are started, and wait for such a run.
  virtual std::size_t warm_sandbox_count() const { return 0; }
  virtual RunCapacity capacity() const { return {}; }
  // Cancelled while the process is being stopped: no run begins any more, and one that the stop ends has Error
  // cancelled, whatever it had done.
  virtual Cancel closing() const { return {}; }
  // Waits until everything that runs left behind is removed, or the deadline passes (false).
  virtual Task<bool> wait_all_removed(Deadline deadline) = 0;
  // The same, but for what the engine removes by itself, also when we have gone.
  virtual Task<bool> wait_all_removed_but_auto(Deadline deadline) { return wait_all_removed(deadline); }
};

}  // namespace dind
