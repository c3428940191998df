// A local file with the body of a request. It can be sent while it is still being written.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

namespace dind::engine {

// The writer reports how many bytes are there, from any thread; the sender waits for them. The destructor closes the
// file.
class BodyFile {
 public:
  explicit BodyFile(int descriptor) : fd(descriptor) {}
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;
  ~BodyFile();

  const int fd;

  struct Length {
    std::int64_t bytes = 0;  // that are written so far
    bool whole = false;      // no more bytes follow
  };
  Length length() const;

  void grow_to(std::int64_t bytes);
  void end(std::int64_t bytes);  // the final number of bytes
  // `heard` is called after each change, on the thread that made it. It must not call this object. Empty: no further
  // calls, and when this returns, no call is in progress.
  void on_change(std::function<void()> heard);

 private:
  mutable std::mutex mutex_;
  Length length_;
  std::function<void()> heard_;
};

}  // namespace dind::engine
