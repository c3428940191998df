// A listening Unix socket at a path. It has its mode from the start and replaces a socket that
// no process serves any more.
// At the end, this removes the socket if the file at the path is still the one that it created.
#pragma once

#include <sys/types.h>

#include <string>

#include "dind/error.hpp"

namespace dind::frontends {

class UnixSocket {
 public:
  // Errors (invalid_request): the path can't be a socket, another kind of file is there, another process serves it.
  static Result<UnixSocket> listen(const std::string& path, mode_t mode);
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&&) = delete;
  ~UnixSocket();

  int fd() const { return fd_; }  // non-blocking
  void remove();                  // no new client after this

 private:
  UnixSocket() = default;
  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace dind::frontends
