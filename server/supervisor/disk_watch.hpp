// Bounds what a run writes to a disk of the engine, because a volume has no size limit. The check runs a few times a
// second, so what is written between two checks comes on top.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

// Starts to watch the file system at `path` (NUL-terminated; copied). False: it does not exist.
bool watch_disk(const char* path, uint64_t bytes);
bool disk_is_watched();
// Whether the bytes or files below the path exceed the bound (files: more than any set of dependencies can have). Cheap
// while the file system loses little free space; otherwise it counts what is there.
bool disk_is_over();

// Which file systems of the sandbox have no free blocks or inodes: bits of ExitReport::disk_full. With kVolumeFull,
// `volume` gets the path of the first such VOLUME.
unsigned char full_disks(char* volume, size_t size);

inline constexpr int kDiskLookMs = 200;

}  // namespace dind::supervisor
