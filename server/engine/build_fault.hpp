// Decides from the engine's text who caused a failed build: the Dockerfile, or the engine and its registries.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// For a failure inside the build stream. nullopt: the Dockerfile caused it. A step that ran and failed is always the
// Dockerfile's failure, whatever its text says. Pure.
std::optional<Error> build_fault(const Endpoint& endpoint, const BuildFailure& failure);

// If the engine refused the build (an HTTP status) because of the Dockerfile's text: the engine's text about it. Pure.
std::optional<std::string> refused_dockerfile(const Error& error);

}  // namespace dind::engine
