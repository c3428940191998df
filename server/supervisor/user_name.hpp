// Who the program is, by its sandbox's /etc/passwd, for programs that ask the environment (P07).
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Copies the name of the user `id` in the text of a passwd file to `name` (`room` bytes, with its end). False: no line
// has that id, or the name does not fit.
bool find_user_name(const char* passwd, unsigned id, char* name, size_t room);

// USER and LOGNAME, where the environment has none: "sandbox" where passwd does not know us. `env` is what
// merged_environment gave; null-terminated. Returns `env`, or a longer copy.
char** with_user_name(char** env);

}  // namespace dind::supervisor
