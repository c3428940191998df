// Queues the supervisor's frames until the engine takes them. Nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// Appends a frame to the queue. `token`: the job's secret. `channel`: of its bytes; 0: a control
// frame. An empty queue has room for the largest frame. A frame
// without room is dropped: this happens only to control frames while nobody reads.
void queue_frame(unsigned char type, const void* payload, size_t size, uint32_t token, unsigned char channel = 0);
// The same without a copy. frame_space() returns where to put a payload of at most `size` bytes (null: no room).
// put_frame() then adds the frame around the `size` bytes that were put there.
unsigned char* frame_space(size_t size);
void put_frame(unsigned char type, size_t size, uint32_t token, unsigned char channel = 0);
// Writes queued frames to stdout, as far as it takes them.
void flush_output();
bool output_waits();

}  // namespace dind::supervisor
