#include "services/history/sqlite_memory.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <system_error>

namespace dind::sqlite {
namespace {

constexpr unsigned long kPart = 4096;  // bytes; SQLite allocates one byte in each part

// A database file whose methods are replaced: SQLite's own methods, and the path of its index.
struct Original {
  const sqlite3_io_methods* methods;
  std::string index;
};
std::mutex turn;
std::map<sqlite3_file*, Original> originals;  // an entry stays until its address is used again
sqlite3_io_methods allocating;                // SQLite's methods, except xShmMap

// The descriptor that SQLite itself has of the file. If this process closed another one, SQLite's locks on the file
// would end (fcntl(2), F_SETLK).
int descriptor_of(const std::string& path) {
  std::error_code problem;
  const auto wanted = std::filesystem::canonical(path, problem);
  if (problem) return -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", problem)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) != wanted || gone) continue;
    const auto name = entry.path().filename().string();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    return descriptor;
  }
  return -1;
}

int map_allocated(sqlite3_file* file, int part, int size, int extend, void volatile** memory) {
  Original original;
  {
    const std::lock_guard lock(turn);
    original = originals.at(file);
  }
  const int code = original.methods->xShmMap(file, part, size, extend, memory);
  if (code != SQLITE_OK || *memory == nullptr) return code;
  const int descriptor = descriptor_of(original.index);
  if (descriptor < 0) return SQLITE_OK;
  const auto problem = ::posix_fallocate(descriptor, static_cast<off_t>(part) * size, size);
  return problem == ENOSPC || problem == EDQUOT ? SQLITE_FULL : SQLITE_OK;
}

}  // namespace

void allocate_shared_memory(sqlite3* handle) {
  const char* path = sqlite3_db_filename(handle, "main");
  sqlite3_file* file = nullptr;
  struct statvfs disk{};
  if (path == nullptr || ::statvfs(path, &disk) != 0 || disk.f_frsize >= kPart) return;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == nullptr) return;
  if (file->pMethods == nullptr || file->pMethods->iVersion < 2) return;
  const std::lock_guard lock(turn);
  originals[file] = {file->pMethods, std::string(path) + "-shm"};
  allocating = *file->pMethods;
  allocating.xShmMap = map_allocated;
  file->pMethods = &allocating;
}

}  // namespace dind::sqlite
