#include "services/runs/total_timeout.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

namespace total_timeout_test {

using namespace dind;
using namespace std::chrono_literals;

TEST_CASE("A run that exceeds its total timeout has the verdict timeout, in any stage") {
  asio::io_context context;
  const Cancel caller;
  const TotalTimeout time(context.get_executor(), caller, 1ms);
  while (!time.cancel().cancelled()) context.run_one();
  CHECK(time.cancel().reason() == CancelReason::deadline);

  const auto pulling = time.apply_to(fail(ErrorCode::cancelled, "x"), "r1", Stage::image, true);
  REQUIRE(pulling);
  CHECK(pulling->run_id == "r1");
  CHECK(pulling->verdict == Verdict::timeout);
  CHECK(pulling->stage == Stage::image);
  REQUIRE(pulling->notes.size() == 1);
  CHECK(pulling->notes.front().contains("its image was pulled"));
  const auto looking = time.apply_to(fail(ErrorCode::cancelled, "x"), "r1", Stage::image, false);
  REQUIRE(looking);
  CHECK_FALSE(looking->notes.front().contains("pulled"));

  RunResult stopped;
  stopped.verdict = Verdict::cancelled;
  stopped.cancel_reason = CancelReason::deadline;
  const auto ran = time.apply_to(stopped, "r1", Stage::container, false);
  REQUIRE(ran);
  CHECK(ran->verdict == Verdict::timeout);
  CHECK(!ran->cancel_reason);
  CHECK(ran->stage == Stage::program);

  RunResult fine;
  fine.verdict = Verdict::ok;
  CHECK(time.apply_to(fine, "r1", Stage::container, false)->verdict == Verdict::ok);
  CHECK(time.apply_to(fail(ErrorCode::engine_error, "x"), "r1", Stage::image, true).error().code ==
        ErrorCode::engine_error);
}

TEST_CASE("The total timeout starts again from zero at begin()") {  // K20
  asio::io_context context;
  TotalTimeout time(context.get_executor(), {}, 50ms);
  const auto first = Clock::now();
  while (Clock::now() < first + 5ms) context.poll();
  const auto again = Clock::now();
  time.begin();
  while (!time.cancel().cancelled()) context.run_one();
  CHECK(Clock::now() - again >= 50ms);
  CHECK(time.cancel().reason() == CancelReason::deadline);
}

TEST_CASE("A caller's own cancel is passed on and does not become a timeout") {
  asio::io_context context;
  Cancel caller;
  const TotalTimeout time(context.get_executor(), caller, 1h);
  CHECK(!time.cancel().cancelled());
  caller.cancel(CancelReason::user);
  CHECK(time.cancel().reason() == CancelReason::user);
  const auto result = time.apply_to(fail(ErrorCode::cancelled, "x"), "r1", Stage::image, true);
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::cancelled);
}

}  // namespace total_timeout_test
