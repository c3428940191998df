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

// `image_id`: what its container is made of, any image where it is empty. `name`: the container's. It goes by itself
// after `build_time` and a while, should nobody remove it.
Task<Result<sandbox::NetworkHolder>> build_network(engine::Client& client, sandbox::Sandboxes& sandboxes,
                                                   std::string image_id, std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel);

}  // namespace dind
