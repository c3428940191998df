#include "support/io/private_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace dind {
namespace {

constexpr mode_t kOwner = 0700;

// Errors: 0, or what errno said.
int make_folder(const std::filesystem::path& path, bool is_private) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) == 0) return 0;
  if (const auto above = path.parent_path(); above != path)
    if (const int error = make_folder(above, false); error != 0) return error;
  if (::mkdir(path.c_str(), is_private ? kOwner : 0777) != 0) return errno == EEXIST ? 0 : errno;
  if (is_private) return ::chmod(path.c_str(), kOwner) == 0 ? 0 : errno;
  if (::stat(path.c_str(), &status) != 0) return errno;
  if ((status.st_mode & kOwner) == kOwner) return 0;
  return ::chmod(path.c_str(), (status.st_mode & 07777) | kOwner) == 0 ? 0 : errno;
}

}  // namespace

std::error_code make_private_folder(const std::string& path) {
  std::string name = path;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return {make_folder(name, true), std::generic_category()};
}

int open_private(const std::string& path, int flags) {
  const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL, 0600);
  if (made >= 0) {
    ::fchmod(made, 0600);
    return made;
  }
  if (errno != EEXIST || (flags & O_EXCL) != 0) return -1;
  return ::open(path.c_str(), flags | O_CREAT, 0600);  // a link that leads to no file yet
}

}  // namespace dind
