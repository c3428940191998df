#include "services/history/history_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support/io/descriptors.hpp"
#include "support/io/private_files.hpp"

namespace dind {

std::error_code make_history_file(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  if (const auto problem = make_private_folder(folder.string())) return problem;
  const int fd = open_private(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return {errno, std::generic_category()};
  struct stat status{};
  // Correct the mode of a file that was copied here with wider rights, or that lost its rights to a umask.
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0777) != 0600 &&
      status.st_uid == ::geteuid())
    ::fchmod(fd, 0600);
  // A file that root creates in another user's folder gets that user as its owner, who could not open it otherwise.
  // SQLite does the same for its own files.
  struct stat above{};
  if (::geteuid() == 0 && status.st_uid == 0 && status.st_size == 0 && !folder.empty() &&
      ::stat(folder.c_str(), &above) == 0 && above.st_uid != 0)
    static_cast<void>(::fchown(fd, above.st_uid, above.st_gid));
  ::close(fd);
  return {};
}

sqlite::Failure place_failure(const std::string& path, std::error_code problem) {
  sqlite::Failure failure{SQLITE_CANTOPEN, problem.message()};
  std::error_code ignored;
  if (no_descriptors_left(problem.value())) failure.remedy = descriptor_shortage();
  if (problem == std::errc::not_a_directory) {
    std::filesystem::path first = "/";
    for (const auto& part : std::filesystem::path(path).parent_path())
      if (std::filesystem::is_directory(first, ignored)) first /= part;
    failure.remedy =
        first.string() + " is a file where a folder belongs; move it away, or name another file (history.path)";
  }
  if (problem == std::errc::is_a_directory)
    failure.remedy = "a folder has its name; move it away, or name another file (history.path)";
  if (problem == std::errc::read_only_file_system)
    failure.remedy = "its disk is mounted read-only; mount it for writing, or name another file (history.path)";
  return failure;
}

}  // namespace dind
