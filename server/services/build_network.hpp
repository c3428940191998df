// The network that the steps of a build are in: fenced, and held by a container that runs nothing.
#pragma once

#include <chrono>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/network_holder.hpp"
#include "sandbox/sandbox.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// `name`: its container's. It goes by itself after `build_time` and a while, should nobody remove it.
Task<Result<sandbox::NetworkHolder>> build_network(engine::Client& client, sandbox::Sandboxes& sandboxes,
                                                   std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel);

// Why the container `id` that held it is gone while the build went on.
Task<Error> build_network_lost(engine::Client& client, std::string id);

}  // namespace dind
