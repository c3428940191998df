#include "supervisor/program_output.hpp"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/output.hpp"

namespace dind::supervisor {
namespace {

struct Pipe {
  int fd = -1;
  unsigned char channel = 0;
  uint64_t bytes = 0;
};

Pipe pipes[kOutputs];
OutputRules limits;
uint64_t sent = 0;
uint64_t dropped = 0;

}  // namespace

void open_outputs(const int (&fds)[kOutputs], const unsigned char (&channels)[kOutputs], const OutputRules& rules) {
  for (int i = 0; i < kOutputs; ++i) pipes[i] = {fds[i], channels[i], 0};
  limits = rules;
}

void add_window(uint64_t bytes) { limits.window += bytes; }

bool window_is_used_up() { return limits.window == 0; }

bool read_output(int index, OutputMode mode) {
  Pipe& pipe = pipes[index];
  size_t size = supervision::kMaxPayload;
  if (mode == OutputMode::limited && limits.window < size) size = limits.window;
  if (size == 0) return true;  // the other pipe used up the window; a read of 0 bytes would look like the end
  unsigned char* chunk = frame_space(size);
  if (chunk == nullptr) return true;  // the other pipe's chunk was large: wait until it is sent
  const ssize_t n = read(pipe.fd, chunk, size);
  if (n < 0 && (errno == EAGAIN || errno == EINTR) && mode != OutputMode::draining) return true;
  if (n <= 0) {
    close(pipe.fd);
    pipe.fd = -1;
    return true;
  }
  const auto got = static_cast<uint64_t>(n);
  pipe.bytes += got;
  const uint64_t allowed = limits.cap == 0 ? got : sent >= limits.cap ? 0 : limits.cap - sent;
  const uint64_t pass = got < allowed ? got : allowed;
  if (pass > 0) put_frame(supervision::kData, pass, limits.token, pipe.channel);
  sent += pass;
  limits.window -= limits.window < pass ? limits.window : pass;
  dropped += got - pass;
  return pass == got;
}

int output_fd(int index) { return pipes[index].fd; }

bool outputs_are_closed() { return pipes[0].fd < 0 && pipes[1].fd < 0; }

uint64_t output_bytes(int index) { return pipes[index].bytes; }

uint64_t dropped_bytes() { return dropped; }

}  // namespace dind::supervisor
