// Notes for the result of a build with BuildKit. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/buildkit_bound.hpp"

namespace dind {

// Empty if the engine has a bound.
std::string buildkit_note(const std::optional<engine::BuildkitBound>& bound);
// For a build whose step was killed at the bound.
std::string buildkit_killed_note(const engine::BuildkitBound& bound);

}  // namespace dind
