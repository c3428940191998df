// A copy of the history that goes to, or comes from, something other than a regular file: stdin, stdout, a fifo, a
// device. Every call blocks.
#pragma once

#include <string>

#include "dind/error.hpp"

namespace dind::frontends::cli {

// A temporary file (0600) in $TMPDIR, else /tmp. It is removed with this object, and by a signal that ends the process.
// One at a time.
class PassingFile {
 public:
  PassingFile();
  PassingFile(const PassingFile&) = delete;
  PassingFile& operator=(const PassingFile&) = delete;
  ~PassingFile();
  bool made() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }
  int fd() const { return fd_; }

 private:
  std::string path_;
  int fd_ = -1;
};

enum class CopyTarget {
  file,           // a regular file, or a name that is free; also what can't be written: HistoryStore says so
  stream,         // a fifo or a character device: written into, and never replaced
  stdout_stream,  // "-", or another name of what stdout is (/dev/stdout)
};
CopyTarget copy_target(const std::string& file);

// Whether a copy to import is read as a stream: "-", a fifo, a character device.
bool is_stream_source(const std::string& file);

// Writes the copy at `from` into an existing stream; "-" is stdout. Errors (invalid_request): one line.
Result<void> write_copy(const std::string& from, const std::string& to);

// Reads a copy from a stream into the file: as many bytes as its head says that it has, and no more than the disk has
// room for. "-" is stdin. Errors (invalid_request): one line.
Result<void> read_copy(const std::string& from, const PassingFile& into);

}  // namespace dind::frontends::cli
