// Which file is at a path, and of when: another mark, another file or other contents.
#pragma once

#include <sys/stat.h>

#include <string>

namespace dind::app {

// "-" where there is none.
inline std::string file_mark(const std::string& path) {
  struct stat there{};
  if (path.empty() || ::stat(path.c_str(), &there) != 0) return "-";
  return std::to_string(there.st_dev) + ':' + std::to_string(there.st_ino) + ':' + std::to_string(there.st_size) + ':' +
         std::to_string(there.st_mtim.tv_sec) + '.' + std::to_string(there.st_mtim.tv_nsec);
}

}  // namespace dind::app
