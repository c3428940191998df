#include "supervisor/output.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/supervisor_wire.hpp"

namespace dind::supervisor {
namespace {

using namespace wire;

unsigned char output[8 * 1024 + 2 * (kHeaderSize + kMaxPayload)];
size_t output_at = 0;
size_t output_size = 0;

}  // namespace

bool output_waits() { return output_size != 0; }

void flush_output() {
  while (output_at < output_size) {
    const ssize_t n = write(1, output + output_at, output_size - output_at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // EAGAIN: later; anything else: nobody reads, the lease on stdin decides
    output_at += static_cast<size_t>(n);
  }
  output_at = output_size = 0;
}

void queue_frame(unsigned char type, const void* payload, size_t size, uint32_t token) {
  if (output_at > 0) {
    memmove(output, output + output_at, output_size - output_at);
    output_size -= output_at;
    output_at = 0;
  }
  if (sizeof output - output_size < kHeaderSize + size) return;
  put_header(output + output_size, type, static_cast<uint32_t>(size), token);
  memcpy(output + output_size + kHeaderSize, payload, size);
  output_size += kHeaderSize + size;
}

}  // namespace dind::supervisor
