// Lists what a program left in the run's folder, which is removed with the sandbox.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Writes a kLeft payload to `payload`: the number of regular files below `folder`, and the first names. The run's own
// files (run_files), hidden files and caches do not count. Returns its size; 0: no files. Looks at a bounded number of
// entries and follows no link. Call it when no process of the program is left.
size_t list_left_files(const char* folder, unsigned char* payload, size_t room);

}  // namespace dind::supervisor
