// A program's stdin on its way from the frontend to the run. The frontend bounds it: it awaits `wanted` before it reads
// more.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "support/async/task.hpp"

namespace dind {

class StdinPipe {
 public:
  explicit StdinPipe(const asio::any_io_executor& executor) : changed_(executor) {}
  void push(std::string bytes);
  void close();
  // True once fewer than `kWindow` bytes are queued; false if the deadline passes first.
  Task<bool> wanted(Deadline deadline);
  // The next chunk. Empty: the pipe is closed. nullopt: the deadline has passed.
  Task<std::optional<std::string>> next(Deadline deadline);

  static constexpr std::size_t kWindow = 256 * 1024;

 private:
  Signal changed_;
  std::deque<std::string> chunks_;
  std::size_t pending_ = 0;
  bool closed_ = false;
};

}  // namespace dind
