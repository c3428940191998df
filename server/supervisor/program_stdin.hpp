// The program's stdin: keeps what has arrived until the program takes it. Nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// Sets our end of the pipe, for writing. It is closed when all is written and no more comes, or when the program has
// closed its own end.
void open_stdin(int fd);
// False: more bytes than the window allows. Bytes that arrive after the pipe was closed are dropped and count as taken.
bool hold_stdin(const unsigned char* bytes, size_t size);
void end_stdin();
// Writes what the program takes now. Returns the number of bytes that the server may send again.
uint64_t forward_stdin();
// The descriptor to poll for writing; -1: no bytes are held.
int waiting_stdin();

}  // namespace dind::supervisor
