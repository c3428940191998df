// A file of ours whose bytes are a request's body, sent while it is still being written.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

namespace dind::engine {

// Whoever writes it says how far it has come, from any thread; whoever sends it waits for that. The file is closed with
// this object.
class BodyFile {
 public:
  explicit BodyFile(int descriptor) : fd(descriptor) {}
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;
  ~BodyFile();

  const int fd;

  struct Length {
    std::int64_t bytes = 0;  // that are there
    bool whole = false;      // no more will come
  };
  Length length() const;

  void grow_to(std::int64_t bytes);
  void end(std::int64_t bytes);  // that are there, and all
  // What hears of every change, on the thread that made it, and must not call back; empty: nobody, and no call is under
  // way any more.
  void on_change(std::function<void()> heard);

 private:
  mutable std::mutex mutex_;
  Length length_;
  std::function<void()> heard_;
};

}  // namespace dind::engine
