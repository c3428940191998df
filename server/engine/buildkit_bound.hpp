// Reads the bound on memory and processes that all BuildKit steps on an engine share. BuildKit's API has no bound for
// a step. The person who starts the engine can set a shared bound and announce it with labels of the engine
// (images/dind/build_bounds.sh). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/types.hpp"

namespace dind::engine {

struct BuildkitBound {
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
};

// nullopt: the labels do not give a bound for both memory and processes.
std::optional<BuildkitBound> parse_buildkit_bound(const Labels& labels);

}  // namespace dind::engine
