// Keeps a sandbox with a network from everything but the public internet: the engine's API, the gateway, the services
// beside it, link-local and private addresses.
#pragma once

#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/fixtures.hpp"
#include "sandbox/removals.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// Runs `spec` (harden_egress_filter) as container `name` to its end, after the sandbox was started and before its
// program is. Errors: the engine's, or that the fence did not come up; the program must not be started then.
Task<Result<void>> install_egress_filter(engine::Client& client, Removals& removals, SharedResources& fixtures,
                                         engine::ContainerSpec spec, std::string name, Deadline deadline);

}  // namespace dind::sandbox
