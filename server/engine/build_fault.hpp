// Whose fault a failed build is, from the engine's own words: the Dockerfile's, or the engine's and its registries'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// Of what comes inside of the stream. nullopt: it is the Dockerfile's. A step that ran and failed always is, whatever
// its text says. Pure.
std::optional<Error> build_fault(const Endpoint& endpoint, const BuildFailure& failure);

// Whether the engine refused the build (an HTTP status) for what the Dockerfile says; then its words for it. Pure.
std::optional<std::string> refused_dockerfile(const Error& error);

}  // namespace dind::engine
