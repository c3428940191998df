// Says why the network of a build was lost. The network belongs to a container that runs nothing (NetworkHolder).
#pragma once

#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "support/async/task.hpp"

namespace dind {

// The error for a build whose network's container `id` ended before the build.
Task<Error> build_network_lost(engine::Client& client, std::string id);

}  // namespace dind
