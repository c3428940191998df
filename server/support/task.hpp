// Coroutines on the one io_context: the task type, the one way to spawn, waiting with a deadline.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

namespace dind {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<T>;

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

inline Deadline in(Clock::duration d) { return Clock::now() + d; }

// Starts `task` on `executor`. What escapes it is logged under `name`: nothing is lost silently, nothing kills the
// loop.
void spawn(const asio::any_io_executor& executor, std::string name, Task<void> task);

Task<void> sleep_until(Deadline deadline);

// Something that happens, possibly many times; everyone who waits wakes at each `notify`. Single-threaded. A waiter
// sees only what is notified after it began to wait: look at the condition first.
class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor);
  void notify();
  // True when notified, false when the deadline passed first.
  Task<bool> wait(Deadline deadline);

 private:
  struct State {
    std::uint64_t generation = 0;
    std::list<asio::steady_timer*> waiters;
  };
  std::shared_ptr<State> state_;
  asio::any_io_executor executor_;
};

}  // namespace dind
