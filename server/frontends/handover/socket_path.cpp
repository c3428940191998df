#include "frontends/handover/socket_path.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "support/ids.hpp"
#include "support/io/private_files.hpp"

namespace dind::frontends::handover {
namespace {

bool is_private(const std::string& folder) {
  struct stat there{};
  return ::lstat(folder.c_str(), &there) == 0 && S_ISDIR(there.st_mode) && there.st_uid == ::geteuid() &&
         (there.st_mode & 077) == 0;
}

}  // namespace

std::string socket_folder() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const bool has_runtime = runtime != nullptr && *runtime == '/' && is_private(runtime);
  const std::string folder =
      has_runtime ? std::string(runtime) + "/dind-executor" : "/tmp/dind-executor-" + std::to_string(::geteuid());
  (void)make_private_folder(folder);
  return is_private(folder) ? folder : std::string();
}

std::string socket_path(const std::string& settings) {
  const std::string folder = socket_folder();
  return folder.empty() ? folder : folder + '/' + sha256(settings).substr(0, 16) + ".sock";
}

std::string control_path(pid_t pid) {
  const std::string folder = socket_folder();
  return folder.empty() ? folder : folder + '/' + std::string(kControlPrefix) + std::to_string(pid) + ".sock";
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // Does not wait: if the server's queue is full, a run in this process is faster.
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && is_ours(fd)) return fd;
  ::close(fd);
  return -1;
}

bool is_ours(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace dind::frontends::handover
