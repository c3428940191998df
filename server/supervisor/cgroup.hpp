// Reads the sandbox's own cgroup, v1 or v2. A figure that cannot be read is zero.
#pragma once

#include <stdint.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {

struct CgroupFigures {
  uint64_t cpu_us = 0;
  uint64_t peak_memory_bytes = 0;
  uint32_t oom_kills = 0;
  uint32_t pids_limit_hits = 0;
};
CgroupFigures read_cgroup();
// Puts what was used since `baseline` into the report: CPU time, memory, and the limits that were met.
void report_usage(const CgroupFigures& baseline, supervision::ExitReport& report);

// Reads a small file into `buffer` (always terminated). False: it cannot be opened.
bool read_file(const char* path, char* buffer, unsigned long size);

// Prints the limits in force, one `key=value` line each. `doctor` runs it as `supervisor --probe`.
int probe();

}  // namespace dind::supervisor
