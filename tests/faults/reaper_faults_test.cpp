// What dead instances left, on an engine that is still busy with it.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"
#include "services/reaper.hpp"

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

TEST_CASE("A container that comes to be just after the first pass, from a call of the dead, is gone within 5 s") {
  RunBench bench;
  std::atomic<int> listed = 0;
  std::atomic<bool> removed = false;
  bench.fake.on("GET", "/info", FakeReply::json(200, R"({"SystemTime":"2030-01-01T00:00:00Z"})"));
  bench.fake.on("GET", "/containers/json", [&](const FakeRequest&) {
    const bool there = ++listed > 1 && !removed;
    return FakeReply::json(200, there ? R"([{"Id":"c1","Names":["/dind-late"],"State":"created","Labels":)"
                                        R"({"dind-executor.owner":"of.the.dead.1","dind-executor.deadline":"1"}}])"
                                      : "[]");
  });
  bench.fake.on("GET", "/volumes", FakeReply::json(200, R"({"Volumes":null})"));
  bench.fake.on("GET", "/networks", FakeReply::json(200, "[]"));
  bench.fake.on("DELETE", "/containers/c1", [&](const FakeRequest&) {
    removed = true;
    return FakeReply{.status = 204};
  });
  Reaper reaper(bench.context.get_executor(), bench.client, "the-test");
  Cancel over;
  spawn(bench.context.get_executor(), "clean-up", reaper.keep_sweeping(over));
  REQUIRE(bench.until([&] { return listed == 1; }));
  CHECK(bench.until([&] { return removed.load(); }, 5s));
  over.cancel(CancelReason::shutdown);
  CHECK(bench.until([&] { return bench.fake.count("GET", "/networks") >= 2; }));
}
