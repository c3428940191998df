// The phases of a run that has its sandbox, from its job to its end. Pure: no clock and no I/O.
#pragma once

#include "sandbox/run/outcome.hpp"

namespace dind::sandbox {

enum class Phase {
  starting,  // the supervisor has not started the program yet
  running,   // the program runs
  stopping,  // the server has asked the supervisor to kill the program, and waits for the report
  ended,     // see End
};

// How the last phase was reached.
enum class End {
  none,       // not ended
  reported,   // the supervisor sent its exit report
  lost,       // the stream ended, or an error came, without a report; the server had not stopped the program
  stopped,    // the server stopped the program, and no report came in time
  cancelled,  // cancelled before the program started
  not_ready,  // the supervisor did not start the program in time
};

struct PhaseState {
  Phase phase = Phase::starting;
  Stop stop = Stop::none;  // set from `stopping` on
  End end = End::none;
  bool operator==(const PhaseState&) const = default;
};

// What is known at one moment.
struct PhaseInput {
  bool started = false;   // the program has started
  bool reported = false;  // the exit report is here
  bool lost = false;      // the stream has ended, or an error came
  bool cancelled = false;
  bool flooded = false;    // more output came than the supervisor may send
  bool timed_out = false;  // the deadline of the present phase has passed
};

// The next phase. It equals `now` if the run must wait. Call it again after each change, also of the phase.
PhaseState next_phase(const PhaseState& now, const PhaseInput& input);

}  // namespace dind::sandbox
