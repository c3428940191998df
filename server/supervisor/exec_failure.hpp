// Finds out why a program could not be executed. errno does not distinguish a missing program from a missing
// interpreter.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// A pipe transfers it in one piece, because it is smaller than PIPE_BUF.
struct ExecFailure {
  int error = 0;          // errno, with a flag of supervision::ExecCause if the file shows more
  char detail[252] = {};  // the subject of the flag: interpreter, loader, machine, mode and owner, …
};

// Explains why execve refused the file at `path` with `error`. Sets `failure`.
void explain_exec_failure(const char* path, int error, ExecFailure& failure);

// Whether a shell runs the file: it is text without a `#!` line, which execve refuses with ENOEXEC (man 3 execvp).
bool is_plain_text(const char* path);

}  // namespace dind::supervisor
