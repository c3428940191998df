// The bound on what all steps of BuildKit's on an engine have together. Its API takes none for a step; whoever starts
// the engine can set one, and says so by labels of the engine's (images/dind/build_bounds.sh). Pure.
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

// nullopt: the engine says of none.
std::optional<BuildkitBound> buildkit_bound(const engine::Labels& labels);

// What a build by BuildKit is told of its bounds. `network`: its steps have one.
std::string buildkit_note(const std::optional<BuildkitBound>& bound);
std::string buildkit_killed_note(const BuildkitBound& bound);

// `used`: builds go by BuildKit here.
DoctorCheck check_buildkit(bool used, const std::optional<BuildkitBound>& bound);

}  // namespace dind
