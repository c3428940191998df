#include "supervisor/run_files.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {
namespace {

int file = -1;
constexpr size_t kMaxKept = 16;
char* begun[kMaxKept];

const char* why() { return errno == ENOSPC ? "no space for the run's files on its tmpfs" : strerror(errno); }

void make_parents(char* path) {
  for (char* p = path + 1; *p != 0; ++p) {
    if (*p != '/') continue;
    *p = 0;
    mkdir(path, 0755);
    *p = '/';
  }
}

}  // namespace

const char* begin_file(const unsigned char* payload, size_t size) {
  char path[4096];
  if (size < 5 || size - 4 >= sizeof path) return "a file frame has no path";
  memcpy(path, payload + 4, size - 4);
  path[size - 4] = 0;
  if (path[0] != '/') return "a file's path is not absolute";
  make_parents(path);
  end_files();
  file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return why();
  fchmod(file, supervision::get_u32(payload));
  for (char*& each : begun)
    if (each == nullptr) {
      each = strdup(path);
      break;
    }
  return nullptr;
}

const char* append_file(const unsigned char* bytes, size_t size) {
  if (file < 0) return "file data without a file";
  while (size > 0) {
    const ssize_t n = write(file, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return why();
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return nullptr;
}

bool is_run_file(const char* path) {
  for (const char* each : begun)
    if (each != nullptr && strcmp(each, path) == 0) return true;
  return false;
}

void end_files() {
  if (file >= 0) close(file);
  file = -1;
}

}  // namespace dind::supervisor
