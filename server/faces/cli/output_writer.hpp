// Writes to our stdout and stderr from a thread of its own: a reader that is slow or gone never blocks the core's
// thread.
//
// The queue is bounded by what its callers hold: a chunk keeps its OutputCredit until it is written, so the run's
// window fills and the program waits. Order is kept over both descriptors. All calls on the core's thread; credits are
// given back there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dind/run_event.hpp"
#include "support/task.hpp"

namespace dind::faces::cli {

class OutputWriter {
 public:
  // `on_failure(fd, errno)` is called once, on `executor`, when a write fails (EPIPE: the reader is gone). From then on
  // chunks for that descriptor are dropped and their credits given back.
  OutputWriter(asio::any_io_executor executor, std::function<void(int fd, int error)> on_failure);
  OutputWriter(const OutputWriter&) = delete;
  OutputWriter& operator=(const OutputWriter&) = delete;
  // Drops what is still queued. Never waits for a reader.
  ~OutputWriter();

  void write(int fd, std::string bytes, OutputCredit credit = {});
  // True once everything written so far has gone out (or was dropped); false when the deadline passed first.
  Task<bool> flushed(Deadline deadline);

 private:
  struct State;
  struct Home;
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
  std::shared_ptr<Home> home_;
};

}  // namespace dind::faces::cli
