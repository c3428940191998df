// Microseconds of the monotonic clock, which nobody can set.
#pragma once

#include <stdint.h>
#include <time.h>

namespace dind::supervisor {

inline uint64_t now_us() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

}  // namespace dind::supervisor
