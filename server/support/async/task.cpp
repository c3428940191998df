#include "support/async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "support/exception_text.hpp"
#include "support/log/log.hpp"

namespace dind {

void spawn(const asio::any_io_executor& executor, std::string name, Task<void> task) {
  asio::co_spawn(executor, std::move(task), [name = std::move(name)](const std::exception_ptr& escaped) {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
      log(LogLevel::error, name + " ended with an exception: " + exception_text(e));
    } catch (...) {
      log(LogLevel::error, name + " ended with an unknown exception");
    }
  });
}

Task<void> sleep_until(Deadline deadline) {
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Signal::Signal(const asio::any_io_executor& executor) : state_(std::make_shared<State>()), executor_(executor) {}

void Signal::notify() {
  ++state_->generation;
  for (asio::steady_timer* waiter : state_->waiters) waiter->cancel();
}

Task<bool> Signal::wait(Deadline deadline) {
  // The state outlives the Signal: a waiter may wake up after the Signal is destroyed.
  auto state = state_;
  const auto generation = state->generation;
  asio::steady_timer timer(executor_, deadline);
  // Removes the waiter also if the coroutine frame is destroyed while it waits, when the io_context ends.
  struct Waiting {
    State& state;
    std::list<asio::steady_timer*>::iterator place;
    Waiting(State& s, asio::steady_timer* t) : state(s), place(s.waiters.insert(s.waiters.end(), t)) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { state.waiters.erase(place); }
  } const waiting(*state, &timer);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return state->generation != generation;
}

}  // namespace dind
