#include "supervisor/output.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {
namespace {

using namespace supervision;

unsigned char output[8 * 1024 + 2 * (kHeaderSize + kMaxPayload)];
size_t output_at = 0;
size_t output_size = 0;

}  // namespace

bool output_waits() { return output_size != 0; }

void flush_output() {
  while (output_at < output_size) {
    const ssize_t n = write(1, output + output_at, output_size - output_at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // EAGAIN: try later. Other errors: nobody reads; the end of stdin then ends the sandbox.
    output_at += static_cast<size_t>(n);
  }
  output_at = output_size = 0;
}

unsigned char* frame_space(size_t size) {
  if (output_at > 0) {
    memmove(output, output + output_at, output_size - output_at);
    output_size -= output_at;
    output_at = 0;
  }
  return sizeof output - output_size < kHeaderSize + size ? nullptr : output + output_size + kHeaderSize;
}

void put_frame(unsigned char type, size_t size, uint32_t token, unsigned char channel) {
  put_header(output + output_size, {type, channel, static_cast<uint32_t>(size), token});
  output_size += kHeaderSize + size;
}

void queue_frame(unsigned char type, const void* payload, size_t size, uint32_t token, unsigned char channel) {
  unsigned char* space = frame_space(size);
  if (space == nullptr) return;
  if (size != 0) memcpy(space, payload, size);
  put_frame(type, size, token, channel);
}

}  // namespace dind::supervisor
