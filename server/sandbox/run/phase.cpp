#include "sandbox/run/phase.hpp"

namespace dind::sandbox {
namespace {

PhaseState ended(End end, Stop stop = Stop::none) { return {.phase = Phase::ended, .stop = stop, .end = end}; }
PhaseState stopping(Stop stop) { return {.phase = Phase::stopping, .stop = stop}; }

}  // namespace

PhaseState next_phase(const PhaseState& now, const PhaseInput& input) {
  if (now.phase == Phase::ended) return now;
  if (input.reported) return ended(End::reported, now.stop);
  switch (now.phase) {
    case Phase::starting:
      if (input.cancelled) return input.started ? stopping(Stop::cancelled) : ended(End::cancelled, Stop::cancelled);
      if (input.started) return {.phase = Phase::running};
      if (input.lost) return ended(End::lost);
      return input.timed_out ? ended(End::not_ready) : now;
    case Phase::running:
      if (input.lost) return ended(End::lost);
      if (input.cancelled) return stopping(Stop::cancelled);
      if (input.timed_out) return stopping(Stop::timeout);
      return input.flooded ? stopping(Stop::output_limit) : now;
    case Phase::stopping:
      return input.lost || input.timed_out ? ended(End::stopped, now.stop) : now;
    case Phase::ended:
      break;
  }
  return now;
}

}  // namespace dind::sandbox
