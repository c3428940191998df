// The reaper: objects that dead instances or failed removals left, on engines that are slow or fail.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"
#include "services/upkeep/reaper.hpp"
#include "support/ids.hpp"

namespace reaper_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

TEST_CASE("A container that a dead process's late request creates after the first pass is removed within 5 s") {
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
  Reaper reaper(bench.client, "the-test", bench.sandboxes.removals());
  Cancel over;
  spawn(bench.context.get_executor(), "clean-up", reaper.keep_sweeping(over));
  REQUIRE(bench.until([&] { return listed == 1; }));
  CHECK(bench.until([&] { return removed.load(); }, 5s));
  over.cancel(CancelReason::shutdown);
  CHECK(bench.until([&] { return bench.fake.count("GET", "/networks") >= 2; }));
}

TEST_CASE("The reaper removes objects whose removal failed in this process, and no other objects of this process") {
  RunBench bench;
  std::atomic<bool> well = false;
  std::atomic<int> containers = 1;
  std::atomic<int> volumes = 1;
  const auto ours = [](const std::string& text) {
    return "[" + text + R"("Labels":{"dind-executor.owner":"the-test","dind-executor.deadline":"1"}}])";
  };
  const auto named = [](const std::string& name) {
    return R"({"Id":"id-of-)" + name + R"(","Names":["/)" + name + R"("],"State":"exited",)";
  };
  bench.fake.on("GET", "/info", FakeReply::json(200, R"({"SystemTime":"2030-01-01T00:00:00Z"})"));
  bench.fake.on("GET", "/containers/json", [&](const FakeRequest&) {
    auto list = ours(named("dind-running"));
    if (containers != 0) list = list.substr(0, list.size() - 1) + "," + ours(named("dind-stuck")).substr(1);
    return FakeReply::json(200, list);
  });
  bench.fake.on("GET", "/volumes", [&](const FakeRequest&) {
    return FakeReply::json(200,
                           R"({"Volumes":)" + (volumes != 0 ? ours(R"({"Name":"dind-packages-stuck",)") : "[]") + "}");
  });
  bench.fake.on("GET", "/networks", FakeReply::json(200, "[]"));
  const auto removal = [&](std::atomic<int>& there) {
    return [&](const FakeRequest&) {
      if (!well) return FakeReply::json(500, R"({"message":"device or resource busy"})");
      there = 0;
      return FakeReply{.status = 204};
    };
  };
  bench.fake.on("DELETE", "/containers/*", removal(containers));
  bench.fake.on("DELETE", "/volumes/*", removal(volumes));
  sandbox::Removals removals(bench.context.get_executor(), bench.client, 50ms);
  Reaper reaper(bench.client, "the-test", removals);
  auto stuck = removals.expect_container("dind-stuck");
  stuck.rename("dind-a-run.0", "id-of-dind-stuck");  // a warm sandbox gets a new name, so its id is used
  stuck.remove();
  removals.expect_volume("dind-packages-stuck").remove();
  removals.expect_container("dind-gone").remove();  // no longer in the engine's list
  REQUIRE(bench.until([&] { return removals.pending() == 0; }));
  REQUIRE(removals.failures().size() == 3);

  const auto sweep = [&] {
    auto removed = tests::run_task(bench.context, reaper.sweep(in(5s)));
    REQUIRE(removed);
    return *removed;
  };
  CHECK(sweep() == 0);
  CHECK(removals.failures() == std::vector<std::string>{"dind-packages-stuck", "id-of-dind-stuck"});
  well = true;
  CHECK(sweep() == 2);
  CHECK(removals.failures().empty());
  CHECK(sweep() == 0);
  CHECK(bench.fake.count("DELETE", "/containers/id-of-dind-running") == 0);
}

TEST_CASE("A container of this process that has no pending removal is removed after a minute") {  // R01
  RunBench bench;
  const auto container = [](const std::string& name, const char* created) {
    return R"({"Id":"id-of-)" + name + R"(","Names":["/)" + name + R"("],"State":"created","Created":)" + created +
           R"(,"Labels":{"dind-executor.owner":"the-test","dind-executor.deadline":"4102444800"}})";
  };
  // The engine's clock: 2030-01-01T00:00:00Z is 1893456000.
  bench.fake.on("GET", "/info", FakeReply::json(200, R"({"SystemTime":"2030-01-01T00:00:00Z"})"));
  bench.fake.on(
      "GET", "/containers/json",
      FakeReply::json(200, "[" + container("dind-lost", "1893455900") + "," + container("dind-young", "1893455990") +
                               "," + container("dind-known", "1893455900") + "," + container("dind-without-age", "0") +
                               "]"));
  bench.fake.on("GET", "/volumes", FakeReply::json(200, R"({"Volumes":null})"));
  bench.fake.on("GET", "/networks", FakeReply::json(200, "[]"));
  bench.fake.on("DELETE", "/containers/*", FakeReply{.status = 204});
  Reaper reaper(bench.client, "the-test", bench.sandboxes.removals());
  {
    const auto removal = bench.sandboxes.removals().expect_container("dind-known");
    const auto swept = tests::run_task(bench.context, reaper.sweep(in(5s)));
    REQUIRE(swept);
    CHECK(*swept == 1);
    CHECK(bench.fake.count("DELETE", "/containers/id-of-dind-lost") == 1);
  }
}

TEST_CASE("The deadline in a label uses the engine's clock, even if it differs from the server's clock") {  // R02
  for (const auto& [date, seconds] : {std::pair("Tue, 01 Jan 2030 00:00:00 GMT", 1'893'456'000LL),
                                      {"Mon, 01 Jan 2001 00:00:00 GMT", 978'307'200LL}}) {
    INFO(date);
    RunBench bench;
    auto image = FakeReply::json(200, R"({"Id":"sha256:0123","Config":{}})");
    image.headers["Date"] = date;
    bench.fake.on("GET", "/images/*/json", image);
    REQUIRE(bench.run(python()));
    std::size_t looked = 0;
    for (const auto& request : bench.fake.requests()) {
      if (request.path != "/containers/create") continue;
      const auto labels = nlohmann::json::parse(request.body)["Labels"];
      const auto deadline = std::stoll(labels.at("dind-executor.deadline").get<std::string>());
      CHECK(deadline > seconds + 60);  // more than the program's timeout
      CHECK(deadline < seconds + 24 * 60 * 60);
      ++looked;
    }
    CHECK(looked > 0);
    CHECK(bench.wait_all_removed());
  }
}

TEST_CASE("An object of a live process on this machine is not an orphan, even after its deadline") {  // R02
  const engine::Labels alive{{"dind-executor.owner", process_owner()}, {"dind-executor.deadline", "1"}};
  CHECK_FALSE(is_orphan(alive, "another", 4102444800));
  const engine::Labels elsewhere{{"dind-executor.owner", "boot.1.2.3"}, {"dind-executor.deadline", "100"}};
  CHECK(is_orphan(elsewhere, "another", 101));
  CHECK_FALSE(is_orphan(elsewhere, "another", 99));
  const engine::Labels malformed{{"dind-executor.owner", process_owner().substr(0, process_owner().find('.') + 2)},
                                 {"dind-executor.deadline", "100"}};
  CHECK(is_orphan(malformed, "another", 101));
}

}  // namespace reaper_faults_test
