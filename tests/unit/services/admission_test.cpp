#include "services/admission.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace dind;

namespace {

// Callers that come one after another; `settle` runs the loop until nobody has anything left to do.
struct Door {
  Door(std::size_t at_once, std::size_t queued) : admission(context.get_executor(), at_once, queued) {}

  struct Caller {
    std::vector<std::size_t> positions;
    std::optional<Result<Admission::Place>> answer;
    Cancel cancel;
    bool inside() const { return answer && answer->has_value(); }
    void leave() { answer.reset(); }
  };
  Caller& come() {
    auto& caller = *callers.emplace_back(std::make_unique<Caller>());
    asio::co_spawn(
        context,
        admission.enter([&caller](std::size_t position) { caller.positions.push_back(position); }, caller.cancel),
        [&caller](const std::exception_ptr&, Result<Admission::Place> answer) {
          caller.answer.emplace(std::move(answer));
        });
    settle();
    return caller;
  }
  void settle() {
    context.restart();
    context.poll();
  }

  asio::io_context context;
  std::vector<std::unique_ptr<Caller>> callers;
  Admission admission;
};

using Positions = std::vector<std::size_t>;

}  // namespace

TEST_CASE("Where there is a place, a run has it at once and hears of no queue") {
  Door door(2, 0);
  CHECK(door.come().inside());
  CHECK(door.come().inside());
  CHECK(door.callers[1]->positions.empty());
}

TEST_CASE("First come, first served; each hears of its position when it changes, and only then") {
  Door door(1, 10);
  auto& first = door.come();
  auto& second = door.come();
  auto& third = door.come();
  auto& fourth = door.come();
  CHECK(first.inside());
  CHECK_FALSE(second.answer);
  CHECK(second.positions == Positions{0});
  CHECK(third.positions == Positions{1});
  CHECK(fourth.positions == Positions{2});
  first.leave();
  door.settle();
  CHECK(second.inside());
  CHECK(second.positions == Positions{0});
  CHECK(third.positions == Positions{1, 0});
  CHECK(fourth.positions == Positions{2, 1});
  CHECK_FALSE(third.answer);
  second.leave();
  door.settle();
  CHECK(third.inside());
  CHECK_FALSE(fourth.answer);
}

TEST_CASE("A full queue is busy at once, and has room again later") {
  Door door(1, 1);
  auto& first = door.come();
  auto& second = door.come();
  auto& refused = door.come();
  REQUIRE(refused.answer);
  REQUIRE_FALSE(refused.answer->has_value());
  CHECK(refused.answer->error().code == ErrorCode::busy);
  CHECK(refused.answer->error().message.contains("1 runs are under way and 1 wait"));
  CHECK(refused.positions.empty());
  first.leave();
  door.settle();
  CHECK(second.inside());
  CHECK_FALSE(door.come().answer);  // waits
}

TEST_CASE("Who is cancelled while it waits leaves the queue, and those behind it move up") {
  Door door(1, 2);
  auto& first = door.come();
  auto& second = door.come();
  auto& third = door.come();
  second.cancel.cancel(CancelReason::user);
  door.settle();
  REQUIRE(second.answer);
  REQUIRE_FALSE(second.answer->has_value());
  CHECK(second.answer->error().code == ErrorCode::cancelled);
  CHECK(third.positions == Positions{1, 0});
  auto& fourth = door.come();  // in the place that was given up
  CHECK_FALSE(fourth.answer);
  first.leave();
  door.settle();
  CHECK(third.inside());
  CHECK_FALSE(fourth.answer);
}

TEST_CASE("Who is cancelled and admitted in the same moment has its place, and gives it back") {
  Door door(1, 2);
  auto& first = door.come();
  auto& second = door.come();
  auto& third = door.come();
  first.leave();
  second.cancel.cancel(CancelReason::user);
  door.settle();
  if (second.inside()) second.leave();
  door.settle();
  CHECK(third.inside());
}

TEST_CASE("A place that moves is given back once") {
  Door door(1, 1);
  auto& first = door.come();
  auto& second = door.come();
  Admission::Place moved = std::move(**first.answer);
  first.leave();
  door.settle();
  CHECK_FALSE(second.answer);
  moved = Admission::Place();
  door.settle();
  CHECK(second.inside());
  CHECK_FALSE(door.come().answer);
}

TEST_CASE("No places at all would be no service: one is the least") {
  Door door(0, 0);
  CHECK(door.come().inside());
  CHECK(door.come().answer->error().code == ErrorCode::busy);
}
