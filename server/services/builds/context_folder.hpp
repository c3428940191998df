// Reads files of a build's context from below the workspace. Links can't lead out of it. The functions block.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "dind/error.hpp"

namespace dind {

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Opens the folder `path` of the workspace `root`. Errors: not_found (no such folder), invalid_request (there is no
// workspace, or the path leads out of it, also by a link).
Result<OwnedFd> open_context_folder(const std::string& root, const std::string& path);

struct ContextFile {
  std::string text;
  mode_t mode = 0644;
  std::time_t changed = 0;
};
// Reads a .dockerignore of at most 1 MiB. nullopt: it does not exist.
// Error (invalid_request): it is not a file, is too large, can't be read, or is a link that leads out of the folder.
// The build must then fail, because what the file excludes must not be sent.
Result<std::optional<ContextFile>> read_ignore_file(int folder, const std::string& name);

// Whether the file `name` of the folder is not a link and has exactly this text.
bool has_text(int folder, const std::string& name, const std::string& text);

}  // namespace dind
