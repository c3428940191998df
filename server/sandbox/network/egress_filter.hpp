// Installs the egress filter of a sandbox that has a network.
//
// The filter allows the public internet only. It blocks the engine's API, the gateway, the services next to it,
// link-local and private addresses.
#pragma once

#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/supervisor_containers.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// Runs `spec` (harden_egress_filter) as the container `name` until it exits. Call it after the sandbox is started and
// before its program is. Errors: the engine's, or that the egress filter could not be installed. After an error, the
// program must not be started.
Task<Result<void>> install_egress_filter(engine::Client& client, Removals& removals, SupervisorContainers& containers,
                                         engine::ContainerSpec spec, std::string name, Deadline deadline);

}  // namespace dind::sandbox
