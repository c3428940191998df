#include "frontends/shared/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace dind::frontends {
namespace {

constexpr int kWaiting = SOMAXCONN;

std::string reason(int error) { return std::generic_category().message(error); }

std::unexpected<Error> wrong_path(const std::string& path, const std::string& what) {
  return fail(ErrorCode::invalid_request, "The socket " + path + ' ' + what);
}

int new_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// Removes the file at the path if it is a socket on which no process listens.
Result<void> make_way(const std::string& path, const sockaddr_un& address) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode))
    return wrong_path(path, "can't be made: a file of another kind is there; name another path");
  const int probe = new_socket();
  if (probe < 0) return wrong_path(path, "can't be made: " + reason(errno));
  const int connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::close(probe);
  if (connected == 0 || error == EAGAIN)
    return wrong_path(path, "is served by another process: end that one, or name another path");
  if (error != ECONNREFUSED)
    return wrong_path(path, "exists and can't be inspected (" + reason(error) + "); remove it, or name another path");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return wrong_path(path, "is left from another process and can't be removed (" + reason(errno) + ')');
  return {};
}

}  // namespace

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), device_(other.device_), inode_(other.inode_) {}

Result<UnixSocket> UnixSocket::listen(const std::string& path, mode_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path || path.contains('\0'))
    return wrong_path(path, "can't be made: a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                                " bytes; name a shorter one");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (auto free = make_way(path, address); !free) return std::unexpected(free.error());

  UnixSocket socket;
  socket.fd_ = new_socket();
  if (socket.fd_ < 0) return wrong_path(path, "can't be made: " + reason(errno));
  // The socket first has no permissions at all, so that nobody can connect between bind and chmod.
  const mode_t before = ::umask(0777);
  const int bound = ::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0)
    return wrong_path(
        path, "can't be made: " + reason(error) + "; name a path in a folder that exists and belongs to this user");
  socket.path_ = path;
  struct stat made{};
  if (::lstat(path.c_str(), &made) == 0) {
    socket.device_ = made.st_dev;
    socket.inode_ = made.st_ino;
  }
  if (::listen(socket.fd_, kWaiting) != 0 || ::chmod(path.c_str(), mode) != 0)
    return wrong_path(path, "can't be opened for clients: " + reason(errno));
  return socket;
}

void UnixSocket::remove() {
  if (path_.empty()) return;
  struct stat there{};
  if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
  path_.clear();
}

UnixSocket::~UnixSocket() {
  if (fd_ >= 0) {
    remove();
    ::close(fd_);
  }
}

}  // namespace dind::frontends
