// The job inside the supervisor: gathers the bytes of kJobData, then splits them into argv, env and the rest. No
// allocation for each string.
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

// Gathers job bytes. False: too many bytes, or no memory.
bool gather_job(const unsigned char* bytes, size_t size);
// Splits the gathered bytes. False: they are not a job.
bool cut_job(Job& job);
// Drops the gathered bytes; for tests. What `cut_job` returned is invalid then.
void forget_job();
// The container's environment; the job's entries replace equal names.
char** merged_environment(char** container, char** job);

// Starts the job in a new session, with the given descriptors as 0, 1 and 2. After the fork it returns no error. If
// exec fails, an ExecFailure arrives through `exec_error`, the read end of a close-on-exec pipe. End of file there:
// exec succeeded.
int start_program(const Job& job, int in, int out, int err, int& exec_error);

}  // namespace dind::supervisor
