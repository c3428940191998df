// Reads the bound on memory and processes that all BuildKit steps on an engine share. BuildKit's API has no bound for
// a step. The person who starts the engine can set a shared bound and announce it with labels of the engine
// (images/dind/build_bounds.sh). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/types.hpp"
#include "services/doctor.hpp"

namespace dind {

struct BuildkitBound {
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
};

// nullopt: the labels do not give a bound for both memory and processes.
std::optional<BuildkitBound> buildkit_bound(const engine::Labels& labels);

// Notes for the result of a build with BuildKit. `buildkit_note`: empty if there is a bound. `buildkit_killed_note`:
// for a build whose step was killed at the bound.
std::string buildkit_note(const std::optional<BuildkitBound>& bound);
std::string buildkit_killed_note(const BuildkitBound& bound);

// `used`: this server builds with BuildKit.
DoctorCheck check_buildkit(bool used, const std::optional<BuildkitBound>& bound);

}  // namespace dind
