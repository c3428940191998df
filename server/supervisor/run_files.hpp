// The run's files, as their frames come: written on the sandbox's tmpfs before the program starts.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Each: what went wrong, or null.
const char* begin_file(const unsigned char* payload, size_t size);  // kFileBegin's: makes the file and its folders
const char* append_file(const unsigned char* bytes, size_t size);
void end_files();
// Whether it is one that was begun here.
bool is_run_file(const char* path);

}  // namespace dind::supervisor
