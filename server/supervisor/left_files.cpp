#include "supervisor/left_files.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/run_files.hpp"

namespace dind::supervisor {
namespace {

constexpr int kMaxEntries = 10'000;
constexpr int kMaxDepth = 8;
constexpr uint32_t kMaxNames = 8;

struct Found {
  unsigned char* payload;
  size_t room;
  size_t used = 4;  // the names follow the count
  uint32_t files = 0;
  uint32_t names = 0;
  int entries = 0;

  void add(const char* name) {
    ++files;
    const size_t size = strlen(name) + 1;
    if (names == kMaxNames || size > room - used) return;
    memcpy(payload + used, name, size);
    used += size;
    ++names;
  }
};

// `path`: the folder, absolute; `top`: the length of the prefix that is left out of the names.
void look(const char* path, size_t top, int depth, Found& found) {
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* listing = fd < 0 ? nullptr : fdopendir(fd);
  if (listing == nullptr) {
    if (fd >= 0) close(fd);
    return;
  }
  while (const dirent* each = found.entries < kMaxEntries ? readdir(listing) : nullptr) {
    ++found.entries;
    if (each->d_name[0] == '.' || strcmp(each->d_name, "__pycache__") == 0) continue;
    char whole[PATH_MAX];
    if (snprintf(whole, sizeof whole, "%s/%s", path, each->d_name) >= static_cast<int>(sizeof whole)) continue;
    struct stat status{};
    if (lstat(whole, &status) != 0) continue;
    if (S_ISDIR(status.st_mode) && depth < kMaxDepth)
      look(whole, top, depth + 1, found);
    else if (S_ISREG(status.st_mode) && !is_run_file(whole))
      found.add(whole + top);
  }
  closedir(listing);
}

}  // namespace

size_t list_left_files(const char* folder, unsigned char* payload, size_t room) {
  Found found{payload, room};
  look(folder, strlen(folder) + 1, 0, found);
  if (found.files == 0) return 0;
  supervision::put_u32(payload, found.files);
  return found.used;
}

}  // namespace dind::supervisor
