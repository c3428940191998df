// What the sandbox's own cgroup says, v1 or v2. Zero where a figure can't be read.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

struct CgroupFigures {
  uint64_t cpu_us = 0;
  uint64_t peak_memory_bytes = 0;
  uint32_t oom_kills = 0;
  uint32_t pids_limit_hits = 0;
};
CgroupFigures read_cgroup();

// Reads a small file into `buffer` (always terminated); false when it isn't there.
bool read_file(const char* path, char* buffer, unsigned long size);

// Prints what limits are in force, a `key=value` line each, for `doctor`: run as `supervisor --probe`.
int probe();

}  // namespace dind::supervisor
