// Converts ContainerSpec to the create request, and the inspect reply to a ContainerSpec. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The body of POST /containers/create. It leaves out MaskedPaths and ReadonlyPaths: if they are named, they replace the
// engine's defaults.
nlohmann::json create_body(const ContainerSpec& spec);

// Reads GET /containers/{id}/json, which is the engine's own view. Never throws. A missing field becomes the value that
// means "not hardened" (0, false, empty).
ContainerSpec spec_from_inspect(const nlohmann::json& inspect);
ContainerState state_from_inspect(const nlohmann::json& inspect);

}  // namespace dind::engine
