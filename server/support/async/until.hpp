// Waits for a condition, or for some time, until a cancel or a deadline comes. Single-threaded.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

inline constexpr Deadline kNoDeadline = Deadline::max();
inline constexpr auto kRecheckInterval = std::chrono::hours(1);

// Waits until `predicate()` is true. Checks it first, and again after each notification of `signal`. Returns its last
// value, so false means that the deadline passed. What the predicate uses must live until then: who destroys it
// notifies first and makes the predicate true.
template <typename Predicate>
Task<bool> until(Signal signal, Predicate predicate, Deadline deadline = kNoDeadline) {
  while (!predicate()) {
    if (deadline != kNoDeadline && Clock::now() >= deadline) co_return false;
    co_await signal.wait(std::min(deadline, in(kRecheckInterval)));
  }
  co_return true;
}

// The same; a cancel ends the wait too. False: the cancel or the deadline came first.
template <typename Predicate>
Task<bool> until(Signal signal, Predicate predicate, Cancel cancel, Deadline deadline = kNoDeadline) {
  const auto wake = cancel.on_cancel([signal]() mutable { signal.notify(); });
  bool reached = false;
  co_await until(signal, [&] { return (reached = predicate()) || cancel.cancelled(); }, deadline);
  co_return reached;
}

// Waits for `duration`. False: the cancel came first.
inline Task<bool> sleep_for(Clock::duration duration, Cancel cancel) {
  Signal signal(co_await asio::this_coro::executor);
  co_await until(signal, [] { return false; }, cancel, in(duration));
  co_return !cancel.cancelled();
}

// Runs `work()`, which returns a Task<void>, at once and then `period` after each of its ends, until `cancel`.
// `work` is no coroutine itself: it calls one.
template <typename Work>
Task<void> every(Clock::duration period, Cancel cancel, Work work) {
  while (!cancel.cancelled()) {
    co_await work();
    if (!co_await sleep_for(period, cancel)) break;
  }
}

}  // namespace dind
