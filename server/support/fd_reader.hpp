// Reads a descriptor in a thread of its own, and only what was asked for: nothing is read ahead.
#pragma once

#include <memory>
#include <string>

#include "support/task.hpp"

namespace dind {

class FdReader {
 public:
  // `owns_fd`: closed with the reader.
  FdReader(asio::any_io_executor executor, int fd, bool owns_fd);
  FdReader(const FdReader&) = delete;
  FdReader& operator=(const FdReader&) = delete;
  ~FdReader();

  // The next bytes; empty: the end, an error (a terminal that isn't ours to read), `stop`, or `until` has passed, after
  // which no more is asked for. One at a time; the reader may go while it is waited for.
  Task<std::string> next(Deadline until = Deadline::max());
  bool stopped() const;
  void stop();

 private:
  struct State;
  struct Home;
  static void run(const std::shared_ptr<State>& state);
  static Task<std::string> next_of(std::shared_ptr<State> state, std::shared_ptr<Home> home, Deadline until);
  std::shared_ptr<State> state_;
  std::shared_ptr<Home> home_;
};

}  // namespace dind
