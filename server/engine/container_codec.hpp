// ContainerSpec ↔ the engine's JSON: the create request from a spec, and a spec from the inspect reply. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The body of POST /containers/create. MaskedPaths and ReadonlyPaths are left out: naming them replaces the engine's
// defaults.
nlohmann::json create_body(const ContainerSpec& spec);

// GET /containers/{id}/json, as the engine understood it. Never throws; missing fields give the value that compares as
// "not hardened" (0, false, empty).
ContainerSpec spec_from_inspect(const nlohmann::json& inspect);
ContainerState state_from_inspect(const nlohmann::json& inspect);

}  // namespace dind::engine
