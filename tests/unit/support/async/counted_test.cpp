#include "support/async/counted.hpp"

#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "support/run_task.hpp"

namespace counted_test {

using namespace dind;
using namespace std::chrono_literals;
using tests::run_task;

namespace {

Task<void> hold_for(Clock::duration time, [[maybe_unused]] Counted::One one) { co_await sleep_until(in(time)); }

}  // namespace

TEST_CASE("The count decreases when a counted object ends, and the object may outlive the counter") {
  asio::io_context context;
  std::optional<Counted> counted(context.get_executor());
  std::optional<Counted::One> first(counted->add());
  std::optional<Counted::One> second(std::move(*first));
  first.reset();  // an empty object, because it was moved from
  CHECK(counted->count() == 1);
  auto third = counted->add();
  CHECK(counted->count() == 2);
  second.reset();
  CHECK(counted->count() == 1);
  counted.reset();
}

TEST_CASE("A wait for all counted objects ends with the last one or at the deadline") {
  asio::io_context context;
  Counted counted(context.get_executor());
  CHECK(run_task(context, counted.wait_none(in(-1s))));
  spawn(context.get_executor(), "one", hold_for(20ms, counted.add()));
  CHECK_FALSE(run_task(context, counted.wait_none(in(1ms))));
  CHECK(run_task(context, counted.wait_none()));
}

}  // namespace counted_test
