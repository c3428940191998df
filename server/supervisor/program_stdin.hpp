// The program's stdin: what has come for it, until it takes it. Nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// The pipe's end that we write to; it is closed when all is written and no more comes, or when the program closed its
// own.
void open_stdin(int fd);
// False: more than the window allows. What comes after the pipe was closed is nobody's, and counts as taken.
bool hold_stdin(const unsigned char* bytes, size_t size);
void end_stdin();
// Writes what the program takes now; the bytes that the server may send again.
uint64_t forward_stdin();
// To be polled for room; -1: nothing waits.
int waiting_stdin();

}  // namespace dind::supervisor
