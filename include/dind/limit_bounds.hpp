// The bounds of a caller's limits, independent of what the operator grants. Every check and document uses this one set
// (server/frontends/http/openapi.json).
#pragma once

#include <cstdint>

namespace dind {

inline constexpr double kMaxSeconds = 1e9;  // keeps the milliseconds in range; every max of an operator is far below
inline constexpr std::int64_t kMinMemoryBytes = 6LL << 20;  // the engine refuses less
inline constexpr std::int64_t kMaxMemoryBytes = 1LL << 50;  // no machine has this much
inline constexpr double kMinCpus = 0.01;                    // the engine refuses less
inline constexpr double kMaxCpus = 1e6;
inline constexpr std::int64_t kMinPids = 2;  // the supervisor of the sandbox is one of them
inline constexpr std::int64_t kMaxPids = 1'000'000'000;
inline constexpr std::int64_t kMinTmpBytes = 1LL << 20;  // the program's own files are there

}  // namespace dind
