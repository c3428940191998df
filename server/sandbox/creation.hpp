// Creates a container that has a pending removal, over connections that may break at any moment.
#pragma once

#include <string>

#include "engine/client.hpp"
#include "sandbox/removals.hpp"

namespace dind::sandbox {

// Asks the engine for a container with the name `name`. `removal` is its pending removal.
// If the connection breaks, `removal` knows that the container may still appear. If the engine answers that the name is
// taken, the request had reached it before and was sent again. Nobody else uses such names, so that container is
// returned as soon as it exists.
// Errors: as Client::create_container.
Task<Result<engine::CreatedContainer>> create_expected(engine::Client& client, Removals::PendingRemoval& removal,
                                                       std::string name, engine::ContainerSpec spec, Deadline deadline);

}  // namespace dind::sandbox
