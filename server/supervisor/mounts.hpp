// Whether a mount is what it was meant to be: the place of the mount above that it stands on. A path that is mounted is
// looked up by the engine, and somebody may have put a link to elsewhere there just before.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// By the text of /proc/self/mountinfo: the mount at `path` shows the same file system and the same place in it as the
// mount above it has at that path. False too where either is missing.
bool is_same_mount(const char* mountinfo, const char* path);

// Of this process's own mounts.
bool is_same_mount(const char* path);

// The path of the first tmpfs that may be written to and for which `wanted` holds. False: there is none, or its path
// does not fit.
using WantedMount = bool (*)(const char* path);
bool find_tmpfs(const char* mountinfo, WantedMount wanted, char* path, size_t size);
bool find_tmpfs(WantedMount wanted, char* path, size_t size);

// Whether a mount there may be a VOLUME of the image: false where the system's, the engine's or the workspace's are,
// which may be on a tmpfs of the engine's machine, and of what is no folder (/etc/hosts).
bool may_be_volume(const char* path);

}  // namespace dind::supervisor
