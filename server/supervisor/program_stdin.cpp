#include "supervisor/program_stdin.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {
namespace {

int pipe_end = -1;
bool opened = false;
bool ended = false;
unsigned char held[supervision::kStdinWindow];
size_t at = 0;
size_t filled = 0;
uint64_t nobodys = 0;

void close_pipe() {
  if (pipe_end >= 0) close(pipe_end);
  pipe_end = -1;
}

}  // namespace

void open_stdin(int fd) {
  pipe_end = fd;
  opened = true;
}

bool hold_stdin(const unsigned char* bytes, size_t size) {
  if (opened && pipe_end < 0) {
    nobodys += size;
    return true;
  }
  if (at > 0) {
    memmove(held, held + at, filled - at);
    filled -= at;
    at = 0;
  }
  if (size > sizeof held - filled) return false;
  memcpy(held + filled, bytes, size);
  filled += size;
  return true;
}

void end_stdin() { ended = true; }

uint64_t forward_stdin() {
  uint64_t taken = nobodys;
  nobodys = 0;
  while (pipe_end >= 0 && at < filled) {
    const ssize_t n = write(pipe_end, held + at, filled - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) {  // the program closed its stdin: drop the rest
      taken += filled - at;
      at = filled = 0;
      close_pipe();
      break;
    }
    at += static_cast<size_t>(n);
    taken += static_cast<uint64_t>(n);
  }
  if (at == filled) at = filled = 0;
  if (filled == 0 && ended) close_pipe();
  return taken;
}

int waiting_stdin() { return filled > at ? pipe_end : -1; }

}  // namespace dind::supervisor
