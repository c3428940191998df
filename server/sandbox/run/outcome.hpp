// Turns what is known of a run's end into its result, with its one verdict. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/types.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/run/silent_end.hpp"
#include "sandbox/supervision/frames.hpp"
#include "sandbox/supervision/supervisor_state.hpp"

namespace dind::sandbox {

// Why the server ended the run, if it did.
enum class Stop { none, timeout, output_limit, cancelled };

// What an outcome is computed from. The references must live as long as this object.
struct RunFacts {
  const RunPlan& plan;
  const SupervisorState& state;
  std::string image_name;
  std::string image_id;
  std::string isolation;           // as the engine reports it; empty: not known
  std::vector<std::string> notes;  // for people: what was known before the program started
  std::string engine_address;
  std::optional<CancelReason> cancel_reason;
  Clock::time_point now = Clock::now();

  bool gvisor() const { return isolation == dind::to_string(Isolation::gvisor); }
};

// Puts verdict, exit code, signal, usage and byte counts of `report` into `result`. `report.how` must not be
// exec_failed.
void apply_report(const supervision::ExitReport& report, Stop stop, RunResult& result);

// A result with the fields that do not depend on the program.
RunResult empty_result(const RunFacts& run);
// The result of a run whose supervisor sent no exit report.
RunResult killed_result(const RunFacts& run, Verdict verdict);

// The outcome of a run that has an exit report, or that the server stopped (`stop`).
Result<RunResult> outcome(const RunFacts& run, Stop stop);

// Whether the connection to the engine broke. Then the stream's end says nothing about the sandbox.
bool connection_broke(const SupervisorState& state);
// Whether the sandbox ended before its supervisor was ready. No program has started: another sandbox may take the run.
bool ended_before_ready(const SupervisorState& state);
// The error for such a sandbox. `end`: what the engine says of its end.
Error early_end_error(const RunFacts& run, const Result<engine::ContainerEnd>& end);
// The outcome of a run whose stream ended without an exit report, after its supervisor was ready. `container` and
// `end`: what the engine says of the container.
Result<RunResult> outcome_without_report(const RunFacts& run, const Result<engine::ContainerState>& container,
                                         const engine::ContainerEnd& end);

}  // namespace dind::sandbox
