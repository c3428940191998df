// Checks that a mount shows the intended folder: the same place in the mount above it. The engine resolves a mount's
// path, and someone may have put a link to another place there just before.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// Reads the text of /proc/self/mountinfo. True if the mount at `path` shows what the mount above has at that path: the
// same file system, and the same place in it. False if one of the two is missing.
bool is_same_mount(const char* mountinfo, const char* path);

// For this process's own mounts.
bool is_same_mount(const char* path);

// Finds the first writable tmpfs for which `wanted` returns true, and copies its path. False: there is none, or its
// path does not fit.
using WantedMount = bool (*)(const char* path);
bool find_tmpfs(const char* mountinfo, WantedMount wanted, char* path, size_t size);
bool find_tmpfs(WantedMount wanted, char* path, size_t size);

// Whether a mount at `path` may be a VOLUME of the image. False for the folders of the system, the engine and the
// workspace, which may be on a tmpfs of the engine's machine. False also for a path that is not a folder (/etc/hosts).
bool may_be_volume(const char* path);

}  // namespace dind::supervisor
