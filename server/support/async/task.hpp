// Coroutines on the one io_context: the task type, the only function that starts one, and waits with a deadline.
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

// Starts `task` on `executor`. An exception that escapes it is logged under `name`: it is not lost, and it does not end
// the io_context's loop.
void spawn(const asio::any_io_executor& executor, std::string name, Task<void> task);

Task<void> sleep_until(Deadline deadline);

// An event that may happen many times. Each `notify` wakes all waiters. Single-threaded. A waiter sees only a `notify`
// that comes after it began to wait: check the condition first.
class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor);
  void notify();
  // True if notified; false if the deadline passes first.
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
