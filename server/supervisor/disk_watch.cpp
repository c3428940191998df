#include "supervisor/disk_watch.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/mounts.hpp"

namespace dind::supervisor {
namespace {

constexpr uint64_t kMaxFiles = 300'000;
constexpr int kMaxDepth = 64;

char watched[4096];
uint64_t most = 0;
uint64_t free_at_first = 0;
uint64_t files_at_first = 0;

struct Sum {
  uint64_t bytes = 0;
  uint64_t files = 0;
  // Counts as too much if a folder cannot be read: the program has our uid and can lock its own folders.
  void unseen() { files = kMaxFiles + 1; }
  bool over() const { return bytes > most || files > kMaxFiles; }
};

// Closes `fd`. Follows no link and crosses no mount, because a program can create both.
void count(int fd, dev_t device, int depth, Sum& sum) {
  DIR* folder = fdopendir(fd);
  if (folder == nullptr) {
    close(fd);
    sum.unseen();
    return;
  }
  while (const dirent* entry = sum.over() ? nullptr : readdir(folder)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    struct stat status;
    if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) sum.unseen();
      continue;
    }
    ++sum.files;
    // Count a file once for each of its names: then hard links hide nothing.
    sum.bytes += static_cast<uint64_t>(status.st_blocks) * 512;
    if (!S_ISDIR(status.st_mode) || status.st_dev != device) continue;
    if (depth == kMaxDepth) {
      sum.unseen();
      break;
    }
    const int below = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0)
      count(below, device, depth + 1, sum);
    else if (errno != ENOENT)
      sum.unseen();
  }
  closedir(folder);
}

bool space(uint64_t& bytes, uint64_t& files) {
  struct statvfs fs;
  if (statvfs(watched, &fs) != 0) return false;
  bytes = static_cast<uint64_t>(fs.f_bfree) * fs.f_frsize;
  files = fs.f_ffree;
  return true;
}

constexpr struct {
  const char* path;
  unsigned char bit;
} kDisks[] = {
    {"/tmp", supervision::kTmpFull}, {"/sandbox", supervision::kRunFolderFull}, {"/dev/shm", supervision::kShmFull}};

bool is_full(const char* path) {
  struct statvfs fs;
  if (statvfs(path, &fs) != 0 || fs.f_blocks == 0) return false;
  return fs.f_bavail == 0 || (fs.f_files != 0 && fs.f_favail == 0);
}

bool is_full_volume(const char* path) {
  for (const auto& disk : kDisks)
    if (strcmp(path, disk.path) == 0) return false;
  return may_be_volume(path) && is_full(path);
}

}  // namespace

bool watch_disk(const char* path, uint64_t bytes) {
  if (strlen(path) >= sizeof watched) return false;
  strcpy(watched, path);
  most = bytes;
  return space(free_at_first, files_at_first);
}

bool disk_is_watched() { return watched[0] != 0; }

bool disk_is_over() {
  uint64_t bytes = 0;
  uint64_t files = 0;
  if (!space(bytes, files)) return false;
  // Other users free space on the same disk too. Then the higher free space is the new starting point.
  if (bytes > free_at_first) free_at_first = bytes;
  if (files > files_at_first) files_at_first = files;
  // Others also write to this disk, so a loss of space is only a reason to count. If it exceeds three times the bound,
  // do not count: a file without a name is in no folder.
  const bool fine = bytes + most >= free_at_first && files + kMaxFiles >= files_at_first;
  if (fine) return false;
  if (free_at_first - bytes > 3 * most) return true;
  const int fd = open(watched, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat root;
  if (fd < 0 || fstat(fd, &root) != 0) {
    if (fd >= 0) close(fd);
    return true;
  }
  Sum sum;
  count(fd, root.st_dev, 0, sum);
  return sum.over();
}

unsigned char full_disks(char* volume, size_t size) {
  unsigned char bits = 0;
  for (const auto& disk : kDisks)
    if (is_full(disk.path)) bits |= disk.bit;
  if (find_tmpfs(is_full_volume, volume, size)) bits |= supervision::kVolumeFull;
  return bits;
}

}  // namespace dind::supervisor
