// Creating a container that removals know of, over connections that may break at any moment.
#pragma once

#include <string>

#include "engine/client.hpp"
#include "sandbox/removals.hpp"

namespace dind::sandbox {

// Asks the engine for a container called `name`, for which `removal` is owed. Where the connection breaks, the removal
// knows that the container may still come. Where the engine answers that the name is taken, the request had reached it
// before and was sent again: nobody else makes such names, so that container is the answer, as soon as it is there.
// Errors: as Client::create_container.
Task<Result<engine::CreatedContainer>> create_expected(engine::Client& client, Removals::PendingRemoval& removal,
                                                       std::string name, engine::ContainerSpec spec, Deadline deadline);

}  // namespace dind::sandbox
