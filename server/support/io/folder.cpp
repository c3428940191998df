#include "support/io/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

namespace dind {

std::optional<Folder> Folder::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  return Folder(fd);
}

Folder::Folder(Folder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Folder::~Folder() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<Folder> Folder::below(const std::string& name) const {
  const int fd = ::openat(fd_, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  return Folder(fd);
}

std::optional<struct stat> Folder::look(const std::string& name) const {
  struct stat status{};
  if (::fstatat(fd_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status;
}

struct stat Folder::itself() const {
  struct stat status{};
  ::fstat(fd_, &status);
  return status;
}

Folder::Problem Folder::read(const std::string& name, std::size_t max, std::string& into) const {
  struct open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;  // does not block on a pipe without a writer
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int fd = static_cast<int>(::syscall(SYS_openat2, fd_, name.c_str(), &how, sizeof how));
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Problem::missing;
    if (errno == EXDEV || errno == ELOOP) return Problem::outside;
    return errno == ENXIO ? Problem::no_file : Problem::unreadable;  // ENXIO: a socket
  }
  const std::unique_ptr<const int, void (*)(const int*)> closing(&fd, [](const int* each) { ::close(*each); });
  struct stat status{};
  if (::fstat(fd, &status) != 0) return Problem::unreadable;
  if (!S_ISREG(status.st_mode)) return Problem::no_file;
  std::array<char, 16 * 1024> buffer;
  into.clear();
  while (true) {
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Problem::unreadable;
    if (count == 0) return Problem::none;
    into.append(buffer.data(), static_cast<std::size_t>(count));
    if (into.size() > max) return Problem::too_large;
  }
}

bool Folder::rename(const std::string& name, const std::string& to) const {
  return ::renameat2(fd_, name.c_str(), fd_, to.c_str(), RENAME_NOREPLACE) == 0;
}

std::optional<std::vector<Folder::Entry>> Folder::entries(std::size_t max) const {
  const int again = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return std::nullopt;
  DIR* listing = ::fdopendir(again);
  if (listing == nullptr) {
    ::close(again);
    return std::nullopt;
  }
  std::unique_ptr<DIR, int (*)(DIR*)> closing(listing, ::closedir);
  std::vector<Entry> all;
  while (all.size() < max) {
    errno = 0;
    const dirent* each = ::readdir(listing);
    if (each == nullptr) {
      const int error = errno;
      if (error == 0) break;
      all.clear();
      ::closedir(closing.release());
      errno = error;
      return std::nullopt;
    }
    const std::string_view name = each->d_name;
    if (name != "." && name != "..")
      all.push_back({.name = std::string(name), .may_be_folder = each->d_type == DT_DIR || each->d_type == DT_UNKNOWN});
  }
  std::ranges::sort(all);
  return all;
}

std::optional<std::vector<std::string>> Folder::names(std::size_t max) const {
  auto all = entries(max);
  if (!all) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(all->size());
  for (auto& each : *all) names.push_back(std::move(each.name));
  return names;
}

}  // namespace dind
