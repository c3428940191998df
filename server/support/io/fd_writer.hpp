// Writes to descriptors in a separate thread: a slow or closed reader never blocks the core's thread.
//
// The number of open holds bounds the queue: a chunk keeps its `hold` until it is written. With an OutputCredit as
// hold, the run's output window fills and the program waits. The order is kept across all descriptors. Call all
// functions on the core's thread; holds are destroyed there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/async/task.hpp"

namespace dind {

// A value that is destroyed when a chunk has been written.
template <typename T>
std::shared_ptr<void> hold(T value) {
  return std::make_shared<T>(std::move(value));
}

class FdWriter {
 public:
  // `on_failure(fd, errno)` is called once for each descriptor, on `executor`, when a write fails (EPIPE: the reader is
  // gone). After that, chunks for this descriptor are dropped and their holds destroyed.
  FdWriter(asio::any_io_executor executor, std::function<void(int fd, int error)> on_failure);
  FdWriter(const FdWriter&) = delete;
  FdWriter& operator=(const FdWriter&) = delete;
  // Drops what is still queued. Never waits for a reader.
  ~FdWriter();

  void write(int fd, std::string bytes, std::shared_ptr<void> hold = {});
  // Like `write`, for bytes that the caller owns: copies only what cannot be written at once.
  void pass_on(int fd, std::string_view bytes, std::shared_ptr<void> hold);
  // True once everything written so far has gone out or was dropped; false if the deadline passes first.
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
