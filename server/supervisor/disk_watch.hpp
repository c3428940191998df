// Keeps what a run writes to a disk of the engine's within a bound: a volume has no size of its own. Looked at a few
// times a second, so what one look's time writes comes on top.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// Begins to watch the file system at `path` (NUL-terminated, kept). False: it isn't there.
bool watch_disk(const char* path, uint64_t bytes);
bool disk_is_watched();
// Whether more than that was written below the path, or more files than a package set can have. Cheap while the file
// system loses little space; else it counts what is there.
bool disk_is_over();

// Which of the sandbox's own file systems are out of blocks or inodes: bits of ExitReport::disk_full. With kVolumeFull,
// `volume` has the path of the first such VOLUME.
unsigned char full_disks(char* volume, size_t size);

inline constexpr int kDiskLookMs = 200;

}  // namespace dind::supervisor
