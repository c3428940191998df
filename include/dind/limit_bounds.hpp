// What a caller's limits may be at all, whatever the operator grants: one set of bounds for every check and document
// (server/frontends/http/openapi.json).
#pragma once

#include <cstdint>

namespace dind {

inline constexpr double kMaxSeconds = 1e9;  // keeps the milliseconds in range; every operator's maximum is far below
inline constexpr std::int64_t kMinMemoryBytes = 6LL << 20;  // the engine refuses less
inline constexpr std::int64_t kMaxMemoryBytes = 1LL << 50;  // no machine has as much
inline constexpr double kMinCpus = 0.01;                    // the engine refuses less
inline constexpr double kMaxCpus = 1e6;
inline constexpr std::int64_t kMinPids = 2;  // the sandbox's own first process is one of them
inline constexpr std::int64_t kMaxPids = 1'000'000'000;

}  // namespace dind
