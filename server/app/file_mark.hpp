// A mark that identifies a file and its contents: it changes when the path gets another file or other contents.
#pragma once

#include <sys/stat.h>

#include <string>

namespace dind::app {

// "-" if the path is empty or the file does not exist.
inline std::string file_mark(const std::string& path) {
  struct stat there{};
  if (path.empty() || ::stat(path.c_str(), &there) != 0) return "-";
  return std::to_string(there.st_dev) + ':' + std::to_string(there.st_ino) + ':' + std::to_string(there.st_size) + ':' +
         std::to_string(there.st_mtim.tv_sec) + '.' + std::to_string(there.st_mtim.tv_nsec);
}

}  // namespace dind::app
