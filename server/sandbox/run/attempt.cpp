#include "sandbox/run/attempt.hpp"

#include "engine/reasons.hpp"
#include "sandbox/network/internet_network.hpp"
#include "sandbox/start/shared_resources.hpp"

namespace dind::sandbox {

StartFailure classify_start_failure(const Error& error, bool own_user) {
  StartFailure failure;
  if (engine::network_has_ended(error.message)) {
    failure.network_ended = true;
    return failure;
  }
  failure.user_refused = own_user && engine::user_is_unmapped(error.message);
  if (failure.user_refused || error.message.contains("dind-etc-") || internet_network_is_missing(error) ||
      engine::lost_a_file_at_start(error.message))
    failure.retry = Retry::at_once;
  else if (supervisor_is_missing(error))
    failure.retry = Retry::after_repair;
  return failure;
}

bool may_restart(const RunPlan& plan, const SupervisorState& state, bool input) {
  const bool lasting = plan.workspace == WorkspaceAccess::read_write || plan.network != Network::none;
  if (state.started || state.report || input || lasting) return false;
  return state.ended || state.error.has_value();
}

}  // namespace dind::sandbox
