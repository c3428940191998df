// Why a program could not be executed: errno alone does not tell a missing program from a missing interpreter.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Travels through a pipe in one piece (it is smaller than PIPE_BUF).
struct ExecFailure {
  int error = 0;          // errno, with a flag of wire::ExecCause where the file says more
  char detail[252] = {};  // what that is about: the interpreter, the loader, the machine, mode and owner
};

// Looks at the file that execve refused with `error`.
void explain_exec_failure(const char* path, int error, ExecFailure& failure);

// Whether a shell runs the file: text without a `#!` line, which execve refuses with ENOEXEC (man 3 execvp).
bool is_plain_text(const char* path);

}  // namespace dind::supervisor
