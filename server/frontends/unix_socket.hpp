// A listening unix socket at a path: made with its mode from the start, in the place of one that nobody serves any
// more, and removed at the end where it is still ours.
#pragma once

#include <sys/types.h>

#include <string>

#include "dind/error.hpp"

namespace dind::frontends {

class UnixSocket {
 public:
  // Errors (invalid_request): the path can't be one, something else is there, somebody serves it.
  static Result<UnixSocket> listen(const std::string& path, mode_t mode);
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&&) = delete;
  ~UnixSocket();

  int fd() const { return fd_; }  // doesn't block
  void remove();                  // no new client after this

 private:
  UnixSocket() = default;
  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace dind::frontends
