// Writes to descriptors from a thread of its own: a reader that is slow or gone never blocks the core's thread.
//
// The queue is bounded by what its callers hold: a chunk keeps its `hold` until it is written (an OutputCredit, say, so
// that the run's window fills and the program waits). Order is kept over all descriptors. All calls on the core's
// thread; holds are let go there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/task.hpp"

namespace dind {

// Something that is let go when a chunk has gone out.
template <typename T>
std::shared_ptr<void> hold(T value) {
  return std::make_shared<T>(std::move(value));
}

class FdWriter {
 public:
  // `on_failure(fd, errno)` is called once a descriptor, on `executor`, when a write fails (EPIPE: the reader is gone).
  // From then on chunks for that descriptor are dropped and their holds let go.
  FdWriter(asio::any_io_executor executor, std::function<void(int fd, int error)> on_failure);
  FdWriter(const FdWriter&) = delete;
  FdWriter& operator=(const FdWriter&) = delete;
  // Drops what is still queued. Never waits for a reader.
  ~FdWriter();

  void write(int fd, std::string bytes, std::shared_ptr<void> hold = {});
  // The same for what is somebody else's: only what does not go out at once is copied.
  void pass_on(int fd, std::string_view bytes, std::shared_ptr<void> hold);
  // True once everything written so far has gone out (or was dropped); false when the deadline passed first.
  Task<bool> flushed(Deadline deadline);

 private:
  struct State;
  struct Home;
  void write_now(int fd, std::string_view& left);
  void write_later(int fd, std::string bytes, std::shared_ptr<void> hold);
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
  std::shared_ptr<Home> home_;
};

}  // namespace dind
