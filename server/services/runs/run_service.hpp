// Runs programs: planning, admission, a sandbox, a verdict, removal. Every frontend requests its runs here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/io/stdin_pipe.hpp"

namespace dind {

// The capacity for runs, and how many runs had a warm sandbox.
struct RunCapacity {
  std::size_t slots = 0;        // max concurrent runs
  std::size_t queue_slots = 0;  // max waiting runs
  std::uint64_t warm = 0;       // runs that took a warm sandbox
  std::uint64_t cold = 0;       // runs that created their own container
};

class RunService {
 public:
  virtual ~RunService() = default;
  // Returns the result of a run, or the error why it could not run. Returns within 300 ms of `cancel`: verdict
  // cancelled, or Error cancelled if the program had not begun. The removal then continues in the background. `sink`
  // and `input` must live until it returns; no event comes after that. `input` null: empty stdin.
  virtual Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                      Cancel cancel) = 0;
  // Cancels the caller's live runs, or the one with this id. Returns how many there are.
  virtual std::size_t cancel(const Caller& /*caller*/, const std::optional<std::string>& /*run_id*/,
                             CancelReason /*reason*/) {
    return 0;
  }
  // Runs like this may come soon. What they need is prepared, as far as this is allowed here and needs no download.
  // `spec.program` may be without its text. What can't be prepared is ignored.
  virtual void warm_up_for(RunSpec /*spec*/) {}
  // The number of warm sandboxes.
  virtual std::size_t warm_sandbox_count() const { return 0; }
  virtual RunCapacity capacity() const { return {}; }
  // Cancelled when the process begins to stop. Then no run begins any more, and a run that the stop ends has the Error
  // cancelled, even if its program had started.
  virtual Cancel closing() const { return {}; }
  // Waits until everything that runs left behind is removed (true), or until the deadline (false).
  virtual Task<bool> wait_all_removed(Deadline deadline) = 0;
  // The same, except for objects that the engine removes by itself, even after the end of this process.
  virtual Task<bool> wait_all_removed_but_auto(Deadline deadline) { return wait_all_removed(deadline); }
};

}  // namespace dind
