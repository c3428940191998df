// The job as the supervisor keeps it: bytes of kJobData gathered, then cut into argv, env and the rest. No allocation
// per string.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

struct Job {
  uint64_t deadline_ms = 0;
  uint64_t output_cap = 0;
  uint64_t output_window = 0;
  uint32_t token = 0;
  uint32_t max_tasks = 0;
  const char* cwd = nullptr;
  char** argv = nullptr;
  char** env = nullptr;  // the job's own entries; null-terminated
};

// Gathers job bytes. False: too many, or no memory.
bool gather_job(const unsigned char* bytes, size_t size);
// Cuts what was gathered. False: not a job.
bool cut_job(Job& job);
// As if nothing had been gathered; for tests. What `cut_job` gave is void then.
void forget_job();
// The container's environment with the job's entries over it.
char** merged_environment(char** container, char** job);

// Starts the job in a session of its own with the given descriptors as 0, 1, 2; never returns an error after the fork:
// an ExecFailure comes through `exec_error` (a close-on-exec pipe's read end; end of file: exec succeeded).
int start_program(const Job& job, int in, int out, int err, int& exec_error);

}  // namespace dind::supervisor
