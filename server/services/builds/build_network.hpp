// Creates the network that the steps of a build use. It has an egress filter. A container that runs nothing holds it.
#pragma once

#include <chrono>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/network/network_holder.hpp"
#include "sandbox/run/sandboxes.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// `name`: of the container. `build_time`: if the container still exists 5 minutes after this time, it is overdue, and
// the reaper removes it. The creation may take 60 seconds.
Task<Result<sandbox::NetworkHolder>> build_network(engine::Client& client, sandbox::Sandboxes& sandboxes,
                                                   std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel);

// The error for a build whose network's container `id` ended before the build.
Task<Error> build_network_lost(engine::Client& client, std::string id);

}  // namespace dind
