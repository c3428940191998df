#include "supervisor/job.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/exec_failure.hpp"
#include "supervisor/user_name.hpp"

extern char** environ;

namespace dind::supervisor {
namespace {

unsigned char* job_bytes = nullptr;
size_t job_size = 0;
size_t job_room = 0;

struct Cursor {
  unsigned char* at;
  size_t left;
  bool ok = true;

  uint32_t u32() {
    if (left < 4) return ok = false, 0;
    const uint32_t v = supervision::get_u32(at);
    at += 4, left -= 4;
    return v;
  }
  uint64_t u64() {
    const uint64_t high = u32();
    return high << 32 | u32();
  }
  // The string, terminated in place. It is moved down by one byte, over its four length bytes, to make room for the
  // NUL.
  char* text() {
    const uint32_t n = u32();
    if (!ok || n > left || memchr(at, 0, n) != nullptr) return ok = false, nullptr;
    char* start = reinterpret_cast<char*>(at - 1);
    memmove(start, at, n);
    start[n] = 0;
    at += n, left -= n;
    return start;
  }
  char** list() {
    const uint32_t n = u32();
    if (!ok || n > left / 4) return ok = false, nullptr;
    auto** out = static_cast<char**>(calloc(n + 1, sizeof(char*)));
    if (out == nullptr) return ok = false, nullptr;
    for (uint32_t i = 0; i < n && ok; ++i) out[i] = text();
    return out;
  }
};

size_t name_length(const char* entry) {
  const char* equals = strchr(entry, '=');
  return equals == nullptr ? strlen(entry) : static_cast<size_t>(equals - entry) + 1;
}

const char* variable(char** env, const char* name) {
  const size_t n = strlen(name);
  for (; *env != nullptr; ++env)
    if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') return *env + n + 1;
  return nullptr;
}

// Like execvp: a text file without a `#!` line is a script for the shell.
void run_by_shell(char* path, char** argv, char** env) {
  size_t n = 0;
  while (argv[n] != nullptr) ++n;
  auto** with_shell = static_cast<char**>(calloc(n + 2, sizeof(char*)));
  if (with_shell == nullptr) return;
  char shell[] = "/bin/sh";
  with_shell[0] = shell;
  with_shell[1] = path;
  for (size_t i = 1; i < n; ++i) with_shell[i + 1] = argv[i];
  execve(shell, with_shell, env);
}

// Returns only if it failed.
void exec_path(char* path, char** argv, char** env, ExecFailure& failure) {
  execve(path, argv, env);
  const int error = errno;
  if (error == ENOEXEC && is_plain_text(path)) {
    run_by_shell(path, argv, env);
    failure.error = error | static_cast<int>(supervision::kNoShell);
    return;
  }
  explain_exec_failure(path, error, failure);
}

// execve() with a search in the job's PATH.
void exec_program(char** argv, char** env, ExecFailure& failure) {
  failure.error = ENOENT;
  if (argv[0] == nullptr || argv[0][0] == 0) return;
  if (strchr(argv[0], '/') != nullptr) {
    exec_path(argv[0], argv, env, failure);
    return;
  }
  const char* path = variable(env, "PATH");
  if (path == nullptr) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char whole[PATH_MAX];
  for (const char* part = path;; ++part) {
    const size_t n = strcspn(part, ":");
    if (n != 0 && n + strlen(argv[0]) + 2 < sizeof whole) {
      memcpy(whole, part, n);
      whole[n] = '/';
      strcpy(whole + n + 1, argv[0]);
      ExecFailure here;
      exec_path(whole, argv, env, here);
      if (here.error != ENOENT && here.error != ENOTDIR) failure = here;
    }
    part += n;
    if (*part == 0) return;
  }
}

}  // namespace

bool gather_job(const unsigned char* bytes, size_t size) {
  if (size == 0) return true;
  if (size > supervision::kMaxJobBytes - job_size) return false;
  if (job_size + size > job_room) {
    const size_t room = (job_size + size) * 2;
    auto* grown = static_cast<unsigned char*>(realloc(job_bytes, room));
    if (grown == nullptr) return false;
    job_bytes = grown;
    job_room = room;
  }
  memcpy(job_bytes + job_size, bytes, size);
  job_size += size;
  return true;
}

bool cut_job(Job& job) {
  Cursor c{job_bytes, job_size};
  job.deadline_ms = c.u64();
  job.output_cap = c.u64();
  job.output_window = c.u64();
  job.token = c.u32();
  job.max_tasks = c.u32();
  job.cwd = c.text();
  job.argv = c.list();
  job.env = c.list();
  return c.ok && c.left == 0 && job.argv != nullptr && job.argv[0] != nullptr;
}

void forget_job() {
  free(job_bytes);
  job_bytes = nullptr;
  job_size = job_room = 0;
}

char** merged_environment(char** container, char** job) {
  size_t n = 1;
  for (char** e = container; *e != nullptr; ++e) ++n;
  for (char** e = job; *e != nullptr; ++e) ++n;
  auto** merged = static_cast<char**>(calloc(n, sizeof(char*)));
  if (merged == nullptr) return container;
  size_t used = 0;
  for (char** e = container; *e != nullptr; ++e) {
    bool replaced = false;
    for (char** j = job; *j != nullptr && !replaced; ++j)
      replaced = name_length(*j) == name_length(*e) && strncmp(*j, *e, name_length(*e)) == 0;
    if (!replaced) merged[used++] = *e;
  }
  for (char** e = job; *e != nullptr; ++e) merged[used++] = *e;
  return merged;
}

int start_program(const Job& job, int in, int out, int err, int& exec_error) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -1;
  char** env = with_user_name(merged_environment(environ, job.env));
  const int pid = fork();
  if (pid == 0) {
    setsid();
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int n = 1; n < NSIG; ++n) signal(n, SIG_DFL);  // the supervisor ignores signals, and exec would keep that
    umask(022);
    ExecFailure failure;
    if (job.cwd[0] != 0 && chdir(job.cwd) != 0) failure.error = errno | static_cast<int>(supervision::kNoFolder);
    if (failure.error == 0) exec_program(job.argv, env, failure);
    [[maybe_unused]] const ssize_t n = write(report[1], &failure, sizeof failure);
    _exit(127);
  }
  close(report[1]);
  exec_error = report[0];
  return pid;
}

}  // namespace dind::supervisor
