// Writes the run's files to the sandbox's tmpfs, as their frames arrive, before the program starts.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Each function returns what went wrong, or null.
// the payload of kFileBegin: creates the file and its folders
const char* begin_file(const unsigned char* payload, size_t size);
const char* append_file(const unsigned char* bytes, size_t size);
void end_files();
// Whether begin_file() created this file (only the first 16 files are known).
bool is_run_file(const char* path);

}  // namespace dind::supervisor
