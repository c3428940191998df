// What the supervisor says, as frames that wait until the engine takes them: nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// Puts a frame behind those that wait. `token`: the job's secret. There is room for the largest while nothing waits;
// one that finds none, a control frame past a stuck reader, is dropped.
void queue_frame(unsigned char type, const void* payload, size_t size, uint32_t token);
// The same without a copy: where a payload of `size` goes (null: there is no room), and the frame around what was put
// there, `size` bytes or fewer.
unsigned char* frame_room(size_t size);
void put_frame(unsigned char type, size_t size, uint32_t token);
// Writes what waits to stdout, as far as it is taken.
void flush_output();
bool output_waits();

}  // namespace dind::supervisor
