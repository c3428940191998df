#include "support/async/blocking_work.hpp"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <latch>
#include <optional>
#include <stdexcept>

#include "support/async/unless_cancelled.hpp"
#include "support/run_task.hpp"

namespace blocking_work_test {

using namespace dind;
using tests::run_task;

namespace {

Task<Result<int>> when(std::shared_ptr<Signal> signal, std::shared_ptr<bool> done) {
  co_await signal->wait(in(std::chrono::minutes(1)));
  *done = true;
  co_return 7;
}
Task<void> cancel_now(Cancel cancel) {
  cancel.cancel(CancelReason::user);
  co_return;
}
Task<bool> wait_for(std::shared_ptr<bool> done) {
  while (!*done) co_await sleep_until(in(std::chrono::milliseconds(1)));
  co_return true;
}
Task<Result<int>> fails_badly() {
  throw std::runtime_error("a bug");
  co_return 0;
}

}  // namespace

TEST_CASE("Work on a thread returns its value, or throws its exception") {
  asio::io_context context;
  BlockingWork work(context.get_executor());
  CHECK(run_task(context, work.run<int>([](const std::stop_token&) { return 7; }, {})) == 7);
  CHECK_THROWS_AS(
      run_task(context, work.run<int>([](const std::stop_token&) -> int { throw std::runtime_error("no"); }, {})),
      std::runtime_error);
}

TEST_CASE("A cancel ends the wait at once and requests the work to stop") {
  asio::io_context context;
  BlockingWork work(context.get_executor());
  const Cancel cancel;
  const auto begun = std::make_shared<std::latch>(1);
  const auto stopped = std::make_shared<std::atomic<bool>>(false);
  spawn(context.get_executor(), "cancel", cancel_now(cancel));
  const auto value = run_task(context, work.run<int>(
                                           [=](const std::stop_token& stop) {
                                             begun->wait();  // like a blocked read: it does not notice the stop
                                             stopped->store(stop.stop_requested());
                                             return 1;
                                           },
                                           cancel));
  CHECK(!value);
  begun->count_down();
  context.restart();
  while (!stopped->load()) context.run_for(std::chrono::milliseconds(1));
}

TEST_CASE("The destructor of BlockingWork waits for every thread, so none posts to a destroyed event loop") {
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  asio::io_context context;
  {
    BlockingWork work(context.get_executor());
    asio::co_spawn(context,
                   work.run<int>(
                       [ended](const std::stop_token& stop) {
                         while (!stop.stop_requested()) std::this_thread::yield();
                         ended->store(true);
                         return 1;
                       },
                       {}),
                   [](const std::exception_ptr&, std::optional<int>) {});
    context.poll();  // the work begins
    CHECK(!ended->load());
  }
  CHECK(ended->load());
}

TEST_CASE("Work that can't be interrupted continues after a cancel, and its value is dropped") {
  asio::io_context context;
  const auto signal = std::make_shared<Signal>(context.get_executor());
  const auto done = std::make_shared<bool>(false);
  const Cancel cancel;
  spawn(context.get_executor(), "cancel", cancel_now(cancel));
  const auto value = run_task(context, unless_cancelled(context.get_executor(), "work", when(signal, done), cancel));
  REQUIRE(!value);
  CHECK(value.error().code == ErrorCode::cancelled);
  CHECK(!*done);
  signal->notify();
  CHECK(run_task(context, wait_for(done)));
}

TEST_CASE("A wait without a cancel returns the value, or throws the exception") {
  asio::io_context context;
  const auto signal = std::make_shared<Signal>(context.get_executor());
  const auto done = std::make_shared<bool>(false);
  asio::steady_timer timer(context, std::chrono::milliseconds(5));
  timer.async_wait([signal](const boost::system::error_code&) { signal->notify(); });
  CHECK(run_task(context, unless_cancelled(context.get_executor(), "work", when(signal, done), {})) == 7);
  CHECK_THROWS_AS(run_task(context, unless_cancelled(context.get_executor(), "work", fails_badly(), {})),
                  std::runtime_error);
}

}  // namespace blocking_work_test
