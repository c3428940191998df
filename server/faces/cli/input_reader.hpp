// Reads a descriptor in a thread of its own and feeds a run's stdin, no faster than the run takes it.
#pragma once

#include <memory>

#include "services/run_service.hpp"
#include "support/task.hpp"

namespace dind::faces::cli {

// Reads `fd` until its end (or an error, or a terminal that isn't ours to read) into `pipe`, then closes the pipe.
// Nothing is read ahead: a byte that was read has been asked for by StdinPipe::wanted.
class InputReader {
 public:
  // `owns_fd`: closed with the reader.
  InputReader(asio::any_io_executor executor, int fd, bool owns_fd);
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;
  ~InputReader();

  // Spawn it; it ends soon after `stop`.
  Task<void> feed(std::shared_ptr<StdinPipe> pipe);
  void stop();

 private:
  struct State;
  struct Home;
  static void run(const std::shared_ptr<State>& state);
  static Task<void> feed_from(std::shared_ptr<State> state, std::shared_ptr<Home> home,
                              std::shared_ptr<StdinPipe> pipe);
  std::shared_ptr<State> state_;
  std::shared_ptr<Home> home_;
};

}  // namespace dind::faces::cli
