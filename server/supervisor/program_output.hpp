// The program's stdout and stderr: reads them, and queues what the server may get. Nothing here blocks.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

struct OutputRules {
  uint64_t cap = 0;     // max bytes that are sent; 0: no limit
  uint64_t window = 0;  // bytes that may be sent before the server gives more window
  uint32_t token = 0;
};

enum class OutputMode {
  limited,    // the window holds
  unlimited,  // the program was killed: its pipes hold little
  draining,   // the program has ended: what its pipes hold is sent, and then they are closed
};

inline constexpr int kOutputs = 2;  // 0: stdout, 1: stderr

// Sets the read ends of the pipes, with the channels in which their bytes are sent.
void open_outputs(const int (&fds)[kOutputs], const unsigned char (&channels)[kOutputs], const OutputRules& rules);
void add_window(uint64_t bytes);
bool window_is_used_up();
// Reads once. False: the program wrote more than the cap. The rest is dropped.
bool read_output(int index, OutputMode mode);
// The descriptor to poll for reading; -1: closed.
int output_fd(int index);
bool outputs_are_closed();

// Bytes that the program wrote, and bytes that were dropped.
uint64_t output_bytes(int index);
uint64_t dropped_bytes();

}  // namespace dind::supervisor
