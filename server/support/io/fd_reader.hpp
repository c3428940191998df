// Reads a descriptor in a separate thread. Reads only when asked to: no read-ahead.
#pragma once

#include <memory>
#include <string>

#include "support/async/task.hpp"

namespace dind {

class FdReader {
 public:
  // `owns_fd`: the descriptor is closed with the reader.
  FdReader(asio::any_io_executor executor, int fd, bool owns_fd);
  FdReader(const FdReader&) = delete;
  FdReader& operator=(const FdReader&) = delete;
  ~FdReader();

  // The next bytes. Empty: the end, an error (such as a terminal that belongs to another foreground process), `stop`,
  // or `deadline` has passed. After such an empty result, do not call it again. One call at a time; the reader may be
  // destroyed during a call.
  Task<std::string> next(Deadline deadline = Deadline::max());
  bool stopped() const;
  void stop();

 private:
  struct State;
  struct Home;
  static void run(const std::shared_ptr<State>& state);
  static Task<std::string> read_next(std::shared_ptr<State> state, std::shared_ptr<Home> home, Deadline deadline);
  std::shared_ptr<State> state_;
  std::shared_ptr<Home> home_;
};

}  // namespace dind
