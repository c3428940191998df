// The program's user name from the sandbox's /etc/passwd, for programs that read it from the environment (P07).
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Finds the name of user `id` in the text of a passwd file and copies it to `name` (`room` bytes, including the NUL).
// False: no line has that id, or the name does not fit.
bool find_user_name(const char* passwd, unsigned id, char* name, size_t room);

// Adds USER and LOGNAME if the environment lacks them: the name in passwd, or "sandbox" if it has none for our uid.
// `env` comes from merged_environment and is null-terminated. Returns `env` or a longer copy.
char** with_user_name(char** env);

}  // namespace dind::supervisor
