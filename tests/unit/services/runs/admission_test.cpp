#include "services/runs/admission.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <vector>

namespace admission_test {

using namespace dind;

namespace {

// Callers that arrive one after another; `settle` runs the loop until it has no more work.
struct Door {
  explicit Door(AdmissionBounds bounds) : admission(context.get_executor(), bounds) {}
  // One client may take all of the queue.
  Door(std::size_t at_once, std::size_t queued)
      : Door(AdmissionBounds{
            .at_once = at_once, .queued = queued, .queued_per_client = std::max<std::size_t>(1, queued)}) {}

  struct Caller {
    std::vector<std::size_t> positions;
    std::optional<Result<Admission::Slot>> answer;
    Cancel cancel;
    bool inside() const { return answer && answer->has_value(); }
    void release() { answer.reset(); }
  };
  Caller& come(std::string client = "one") {
    auto& caller = *callers.emplace_back(std::make_unique<Caller>());
    asio::co_spawn(context,
                   admission.enter(
                       std::move(client), [&caller](std::size_t position) { caller.positions.push_back(position); },
                       caller.cancel),
                   [this, &caller](const std::exception_ptr&, Result<Admission::Slot> answer) {
                     if (answer) entered.push_back(&caller);
                     caller.answer.emplace(std::move(answer));
                   });
    settle();
    return caller;
  }
  void settle() {
    context.restart();
    context.poll();
  }
  // Releases one slot after another until no caller waits. Returns the order in which the waiting callers entered.
  std::vector<const Caller*> let_all_in() {
    const auto before = static_cast<std::ptrdiff_t>(entered.size());
    const auto inside = [](const auto& caller) { return caller->inside(); };
    for (auto next = callers.begin(); (next = std::ranges::find_if(callers, inside)) != callers.end(); settle())
      (*next)->release();
    return {entered.begin() + before, entered.end()};
  }

  asio::io_context context;
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<const Caller*> entered;  // in the order of their answers
  Admission admission;
};

using Positions = std::vector<std::size_t>;

}  // namespace

TEST_CASE("A run gets a free slot at once, without a queue position") {
  Door door(2, 0);
  CHECK(door.come().inside());
  CHECK(door.come().inside());
  CHECK(door.callers[1]->positions.empty());
}

TEST_CASE("Runs are admitted in order of arrival, and a position is reported only when it changes") {
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
  first.release();
  door.settle();
  CHECK(second.inside());
  CHECK(second.positions == Positions{0});
  CHECK(third.positions == Positions{1, 0});
  CHECK(fourth.positions == Positions{2, 1});
  CHECK_FALSE(third.answer);
  second.release();
  door.settle();
  CHECK(third.inside());
  CHECK_FALSE(fourth.answer);
}

TEST_CASE("A full queue rejects a run at once, and accepts runs again when it has room") {
  Door door(1, 1);
  auto& first = door.come();
  auto& second = door.come();
  auto& refused = door.come();
  REQUIRE(refused.answer);
  REQUIRE_FALSE(refused.answer->has_value());
  CHECK(refused.answer->error().code == ErrorCode::busy);
  CHECK(refused.answer->error().message.contains("1 runs are under way and 1 wait"));
  CHECK(refused.positions.empty());
  first.release();
  door.settle();
  CHECK(second.inside());
  CHECK_FALSE(door.come().answer);  // waits
}

TEST_CASE("A cancelled run leaves the queue, and the runs after it move up") {
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
  auto& fourth = door.come();  // takes the free place in the queue
  CHECK_FALSE(fourth.answer);
  first.release();
  door.settle();
  CHECK(third.inside());
  CHECK_FALSE(fourth.answer);
}

TEST_CASE("A slot is not lost if a run is cancelled at the moment of its admission") {
  Door door(1, 2);
  auto& first = door.come();
  auto& second = door.come();
  auto& third = door.come();
  first.release();
  second.cancel.cancel(CancelReason::user);
  door.settle();
  if (second.inside()) second.release();
  door.settle();
  CHECK(third.inside());
}

TEST_CASE("A slot that is moved is released only once") {
  Door door(1, 1);
  auto& first = door.come();
  auto& second = door.come();
  Admission::Slot moved = std::move(**first.answer);
  first.release();
  door.settle();
  CHECK_FALSE(second.answer);
  moved = Admission::Slot();
  door.settle();
  CHECK(second.inside());
  CHECK_FALSE(door.come().answer);
}

TEST_CASE("Admission always has at least one slot") {
  Door door(0, 0);
  CHECK(door.come().inside());
  CHECK(door.come().answer->error().code == ErrorCode::busy);
}

TEST_CASE("A client with 50 waiting runs delays another client's first run by one turn") {
  Door door(1, 100);
  for (int i = 0; i < 51; ++i) door.come("greedy");
  auto& first = door.come("modest");
  auto& second = door.come("modest");
  CHECK(first.positions == Positions{1});
  CHECK(second.positions == Positions{3});
  door.callers.front()->release();
  door.settle();
  CHECK(door.callers[1]->inside());
  CHECK(first.positions == Positions{1, 0});
  door.callers[1]->release();
  door.settle();
  CHECK(first.inside());
  CHECK_FALSE(door.callers[2]->answer);
}

TEST_CASE("Clients take turns: the first run of each client comes before any second run") {
  Door door(1, 100);
  door.come("a");
  std::vector<Door::Caller*> a, b, c;
  for (int i = 0; i < 3; ++i) a.push_back(&door.come("a"));
  for (int i = 0; i < 2; ++i) b.push_back(&door.come("b"));
  c.push_back(&door.come("c"));
  CHECK(door.let_all_in() == std::vector<const Door::Caller*>{a[0], b[0], c[0], a[1], b[1], a[2]});
}

TEST_CASE("An old client does not wait forever, however many new clients arrive") {
  Door door(1, 100);
  door.come("first");
  auto& old = door.come("old");
  for (int i = 0; i < 20; ++i) door.come("new " + std::to_string(i));
  door.callers.front()->release();
  door.settle();
  CHECK(old.inside());
}

TEST_CASE("Without new arrivals, runs are admitted in the order of their reported positions") {
  for (const std::size_t at_once : {1UL, 2UL, 3UL}) {
    for (const std::size_t each : {0UL, 1UL, 2UL}) {
      Door door({.at_once = at_once, .queued = 100, .queued_per_client = 100, .at_once_per_client = each});
      for (const char* client : {"a", "a", "a", "a", "b", "b", "c", "a", "b", "d", "d", "d", "d"}) door.come(client);
      std::map<std::size_t, const Door::Caller*> expected;
      for (const auto& caller : door.callers)
        if (!caller->inside()) expected[caller->positions.back()] = caller.get();
      std::vector<const Door::Caller*> in_order;
      for (const auto& [position, caller] : expected) {
        CHECK(position == in_order.size());  // each position exists once
        in_order.push_back(caller);
      }
      INFO(at_once << " at once, " << each << " of each client");
      if (each == 0 || each >= at_once) CHECK(door.let_all_in() == in_order);
      for (const auto& caller : door.callers)
        if (!caller->positions.empty() && (each == 0 || each >= at_once)) {
          // No position is reported twice in a row, and the last one is 0.
          CHECK(std::ranges::adjacent_find(caller->positions) == caller->positions.end());
          CHECK(caller->positions.back() == 0);
        }
    }
  }
}

TEST_CASE("After a cancel at any queue position, the other runs are admitted in their reported order") {
  const std::vector<std::string> clients{"a", "a", "b", "a", "c", "b", "c", "c"};
  for (std::size_t gone = 0; gone < clients.size(); ++gone) {
    INFO("cancelled: " << gone);
    Door door(1, 100);
    door.come("x");
    std::vector<Door::Caller*> all;
    for (const auto& client : clients) all.push_back(&door.come(client));
    all[gone]->cancel.cancel(CancelReason::user);
    door.settle();
    REQUIRE(all[gone]->answer);
    CHECK(all[gone]->answer->error().code == ErrorCode::cancelled);
    std::map<std::size_t, const Door::Caller*> told;
    for (const auto* caller : all)
      if (!caller->answer) told[caller->positions.back()] = caller;
    REQUIRE(told.size() == clients.size() - 1);
    CHECK(told.rbegin()->first == clients.size() - 2);
    std::vector<const Door::Caller*> expected;
    for (const auto& [position, caller] : told) expected.push_back(caller);
    CHECK(door.let_all_in() == expected);
    CHECK_FALSE(door.come("a").positions.size() > 0);  // nothing remains in the queue
  }
}

TEST_CASE("The queue has a bound per client and in total, and the error names the exceeded bound") {
  Door door({.at_once = 1, .queued = 4});
  door.come("a");
  door.come("a");
  door.come("a");
  auto& refused = door.come("a");
  REQUIRE(refused.answer);
  CHECK(refused.answer->error().code == ErrorCode::busy);
  CHECK(refused.answer->error().message.contains("1 runs of this client are under way and 2 wait"));
  CHECK(refused.answer->error().message.contains("queuedRunsPerClient"));
  CHECK_FALSE(door.come("b").answer);
  CHECK_FALSE(door.come("b").answer);
  auto& full = door.come("c");
  REQUIRE(full.answer);
  CHECK(full.answer->error().message.contains("1 runs are under way and 4 wait"));
  CHECK(full.answer->error().message.contains("concurrentRuns or queuedRuns"));
}

TEST_CASE("A client at its max of running runs waits despite free slots, and delays no other client") {
  Door door({.at_once = 3, .queued = 10, .queued_per_client = 10, .at_once_per_client = 1});
  auto& first = door.come("a");
  auto& second = door.come("a");
  CHECK(first.inside());
  CHECK_FALSE(second.answer);
  CHECK(door.come("b").inside());
  CHECK(door.come("c").inside());
  auto& later = door.come("d");
  CHECK_FALSE(later.answer);
  CHECK(later.positions == Positions{0});  // the next slot is not for "a"
  CHECK(second.positions == Positions{0, 1});
  first.release();
  door.settle();
  CHECK(second.inside());  // its turn was earlier
  CHECK_FALSE(later.answer);
}

}  // namespace admission_test
