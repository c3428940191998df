// Runs programs: admission, planning, a sandbox, a verdict, removal. The one door that every face goes through.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// A program's stdin: the face pushes, the run pulls. Bounded by the face: `wanted` says how much may be pushed now.
class StdinPipe {
 public:
  explicit StdinPipe(const asio::any_io_executor& executor) : changed_(executor) {}
  void push(std::string bytes) {
    pending_ += bytes.size();
    chunks_.push_back(std::move(bytes));
    changed_.notify();
  }
  void close() {
    closed_ = true;
    changed_.notify();
  }
  // True once fewer than `kWindow` bytes wait; false when the deadline passed first.
  Task<bool> wanted(Deadline deadline);
  // The next chunk; empty: closed. nullopt: the deadline passed.
  Task<std::optional<std::string>> next(Deadline deadline);

  static constexpr std::size_t kWindow = 256 * 1024;

 private:
  Signal changed_;
  std::deque<std::string> chunks_;
  std::size_t pending_ = 0;
  bool closed_ = false;
};

class RunService {
 public:
  virtual ~RunService() = default;
  // The result of a run, or why there was none. Returns within 300 ms of `cancel` (verdict cancelled, or Error cancelled
  // where the program had not begun); removal goes on behind it. `sink` and `input` must live until it returns; no event comes
  // after that. `input` null: empty stdin.
  virtual Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) = 0;
  // Waits until everything that runs left behind is removed, or the deadline passes (false).
  virtual Task<bool> idle(Deadline deadline) = 0;
};

}  // namespace dind
