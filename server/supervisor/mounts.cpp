#include "supervisor/mounts.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace dind::supervisor {
namespace {

constexpr size_t kMaxText = 4 << 20;
constexpr size_t kMaxPathLength = 4096;

// A line of mountinfo: "36 35 98:0 /root /point …". Blanks in the paths are octal escapes.
struct Entry {
  const char* device = nullptr;
  size_t device_size = 0;
  char root[kMaxPathLength];
  char point[kMaxPathLength];
};

const char* field(const char*& at, size_t& size) {
  while (*at == ' ') ++at;
  const char* begin = at;
  size = strcspn(at, " \n");
  at += size;
  return begin;
}

bool unescape(const char* from, size_t size, char* to) {
  size_t n = 0;
  for (size_t i = 0; i < size; ++n) {
    if (n + 1 >= kMaxPathLength) return false;
    if (from[i] == '\\' && i + 3 < size) {
      to[n] = static_cast<char>((from[i + 1] - '0') << 6 | (from[i + 2] - '0') << 3 | (from[i + 3] - '0'));
      i += 4;
    } else {
      to[n] = from[i++];
    }
  }
  to[n] = 0;
  return true;
}

bool read_entry(const char* line, Entry& entry) {
  size_t size = 0;
  field(line, size);
  field(line, size);
  entry.device = field(line, entry.device_size);
  const char* root = field(line, size);
  if (!unescape(root, size, entry.root)) return false;
  const char* point = field(line, size);
  return size != 0 && unescape(point, size, entry.point);
}

// The rest of a path below `above`, without the slash; nullptr: it is not below.
const char* rest_of(const char* path, const char* above) {
  size_t n = strlen(above);
  if (n == 1 && above[0] == '/') n = 0;
  return strncmp(path, above, n) == 0 && path[n] == '/' && path[n + 1] != 0 ? path + n + 1 : nullptr;
}

// Decided by the options and by the type of the file system, which follows " - ".
bool is_writable_tmpfs(const char* line) {
  size_t size = 0;
  for (int i = 0; i < 5; ++i) field(line, size);
  const char* options = field(line, size);
  if (size < 2 || strncmp(options, "rw", 2) != 0) return false;
  while (*line == ' ') {
    if (*field(line, size) != '-' || size != 1) continue;
    const char* kind = field(line, size);
    return size == 5 && memcmp(kind, "tmpfs", size) == 0;
  }
  return false;
}

// nullptr: it cannot be read. Valid until the next call.
const char* read_mountinfo() {
  static char* text = nullptr;
  static size_t room = 0;
  const int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  size_t size = 0;
  ssize_t n = 0;
  for (;;) {
    if (size + 1 >= room) {
      const size_t more = room == 0 ? 64 * 1024 : room * 2;
      char* grown = more > kMaxText ? nullptr : static_cast<char*>(realloc(text, more));
      if (grown == nullptr) break;
      text = grown;
      room = more;
    }
    n = read(fd, text + size, room - size - 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<size_t>(n);
  }
  close(fd);
  if (n != 0 || text == nullptr) return nullptr;
  text[size] = 0;
  return text;
}

}  // namespace

bool is_same_mount(const char* mountinfo, const char* path) {
  static Entry here;
  static Entry above;
  static Entry each;
  bool found = false;
  size_t longest = 0;  // length of the mount point above, plus one; 0: none found
  for (const char* line = mountinfo; *line != 0;) {
    if (read_entry(line, each)) {
      if (strcmp(each.point, path) == 0) {
        here = each;  // a later mount covers an earlier one
        found = true;
      } else if (rest_of(path, each.point) != nullptr && strlen(each.point) + 1 >= longest) {
        above = each;
        longest = strlen(each.point) + 1;
      }
    }
    const char* end = strchr(line, '\n');
    if (end == nullptr) break;
    line = end + 1;
  }
  if (!found || longest == 0) return false;
  if (here.device_size != above.device_size || memcmp(here.device, above.device, here.device_size) != 0) return false;
  const char* rest = rest_of(path, above.point);
  const char* root = rest_of(here.root, above.root);
  return root != nullptr && strcmp(root, rest) == 0;
}

bool is_same_mount(const char* path) {
  const char* text = read_mountinfo();
  return text != nullptr && is_same_mount(text, path);
}

bool find_tmpfs(const char* mountinfo, WantedMount wanted, char* path, size_t size) {
  static Entry each;
  for (const char* line = mountinfo; *line != 0;) {
    if (is_writable_tmpfs(line) && read_entry(line, each) && strlen(each.point) < size && wanted(each.point)) {
      strcpy(path, each.point);
      return true;
    }
    const char* end = strchr(line, '\n');
    if (end == nullptr) break;
    line = end + 1;
  }
  return false;
}

bool find_tmpfs(WantedMount wanted, char* path, size_t size) {
  const char* text = read_mountinfo();
  return text != nullptr && find_tmpfs(text, wanted, path, size);
}

bool may_be_volume(const char* path) {
  constexpr const char* kOthers[] = {"/dev", "/proc", "/sys", "/run", "/workspaces"};
  for (const char* other : kOthers)
    if (strcmp(path, other) == 0 || rest_of(path, other) != nullptr) return false;
  struct stat status;
  return strcmp(path, "/etc") != 0 && (stat(path, &status) != 0 || S_ISDIR(status.st_mode));
}

}  // namespace dind::supervisor
