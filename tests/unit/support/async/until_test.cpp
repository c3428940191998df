#include "support/async/until.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/run_task.hpp"

namespace until_test {

using namespace dind;
using namespace std::chrono_literals;
using tests::run_task;

namespace {

constexpr auto kSoon = 5ms;
constexpr auto kLate = 30s;  // longer than a test may take

Task<void> count_up(Signal signal, std::shared_ptr<int> count, int to) {
  while (*count < to) {
    co_await sleep_until(in(1ms));
    ++*count;
    signal.notify();
  }
}
Task<void> cancel_soon(Cancel cancel) {
  co_await sleep_until(in(kSoon));
  cancel.cancel(CancelReason::user);
}
Task<void> count_and_cancel(std::shared_ptr<int> count, Cancel cancel) {
  if (++*count == 3) cancel.cancel(CancelReason::user);
  co_return;
}
Task<bool> repeat(Clock::duration period, Cancel cancel, std::shared_ptr<int> count) {
  co_await every(period, cancel, [=] { return count_and_cancel(count, cancel); });
  co_return true;
}

}  // namespace

TEST_CASE("A wait whose condition is true succeeds at once, even after a cancel and a deadline") {
  asio::io_context context;
  Signal signal(context.get_executor());
  Cancel cancel;
  cancel.cancel(CancelReason::user);
  const auto yes = [] { return true; };
  CHECK(run_task(context, until(signal, yes)));
  CHECK(run_task(context, until(signal, yes, in(-1s))));
  CHECK(run_task(context, until(signal, yes, cancel, in(-1s))));
}

TEST_CASE("A wait ends when a notification makes its condition true") {
  asio::io_context context;
  Signal signal(context.get_executor());
  const auto count = std::make_shared<int>(0);
  const auto three = [=] { return *count == 3; };
  spawn(context.get_executor(), "count", count_up(signal, count, 3));
  SECTION("Without a cancel") { CHECK(run_task(context, until(signal, three))); }
  SECTION("With a cancel that is not used") { CHECK(run_task(context, until(signal, three, Cancel{}, in(kLate)))); }
}

TEST_CASE("A wait whose condition stays false ends at its deadline, or at a cancel") {
  asio::io_context context;
  Signal signal(context.get_executor());
  const Cancel cancel;
  const auto no = [] { return false; };
  CHECK_FALSE(run_task(context, until(signal, no, in(kSoon))));
  CHECK_FALSE(run_task(context, until(signal, no, cancel, in(kSoon))));
  spawn(context.get_executor(), "cancel", cancel_soon(cancel));
  CHECK_FALSE(run_task(context, until(signal, no, cancel)));
  CHECK_FALSE(run_task(context, until(signal, no, cancel)));  // it was cancelled before the wait
}

TEST_CASE("A pause says whether its time has passed or a cancel ended it") {
  asio::io_context context;
  const Cancel cancel;
  CHECK(run_task(context, sleep_for(kSoon, cancel)));
  spawn(context.get_executor(), "cancel", cancel_soon(cancel));
  CHECK_FALSE(run_task(context, sleep_for(kLate, cancel)));
}

TEST_CASE("Repeated work runs at once, and again until it is cancelled") {
  asio::io_context context;
  const auto count = std::make_shared<int>(0);
  Cancel cancel;
  CHECK(run_task(context, repeat(1ms, cancel, count)));
  CHECK(*count == 3);
  CHECK(run_task(context, repeat(1ms, cancel, count)));  // cancelled already
  CHECK(*count == 3);
}

}  // namespace until_test
