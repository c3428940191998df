// One attempt to run a program in a sandbox, and whether another sandbox is tried after it. Pure.
#pragma once

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/supervision/supervisor_state.hpp"

namespace dind::sandbox {

enum class Retry {
  none,          // the result is final
  at_once,       // another sandbox may work
  after_repair,  // another sandbox may work after the supervisor's volume was repaired
};

struct Attempt {
  Result<RunResult> result;
  Retry retry = Retry::none;
};

// Why a created sandbox did not start.
struct StartFailure {
  Retry retry = Retry::none;
  bool network_ended = false;  // the sandbox ended before its egress filter could join its network
  bool user_refused = false;   // an engine in a user namespace that it does not report has no such user
};
// `own_user`: the sandbox had a user id of its own.
StartFailure classify_start_failure(const Error& error, bool own_user);

// Whether a run may take another sandbox after its warm one ended: its program can't have had a lasting effect. The
// program may have started unseen. `input`: it could have read from it.
bool may_restart(const RunPlan& plan, const SupervisorState& state, bool input);

}  // namespace dind::sandbox
