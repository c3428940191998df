// What a program left in the run's own folder, which goes with the sandbox.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Puts a kLeft payload into `payload`: how many regular files there are below `folder` apart from those of the run
// (run_files), hidden ones and caches, and the first names. Its size; 0: there are none. Looks at a bounded number of
// entries, follows no link. For when no process of the program's is left.
size_t list_left_files(const char* folder, unsigned char* payload, size_t room);

}  // namespace dind::supervisor
