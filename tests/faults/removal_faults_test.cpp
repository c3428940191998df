// Containers that the engine does not remove, neither on request nor by AutoRemove.
#include <atomic>
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace removal_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;
using Then = FakeReply::Then;

TEST_CASE("A removal that fails five times is tried again, and stays pending until the engine confirms it") {
  RunBench bench;
  std::atomic<int> tries = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    return ++tries <= 5 ? FakeReply::json(500, R"({"message":"device or resource busy"})") : bench.remove(request);
  });
  const auto result = bench.run(python());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);  // the result did not wait for the removal
  CHECK(bench.container_count() == 1);
  CHECK_FALSE(bench.wait_all_removed(0s));
  CHECK(bench.wait_all_removed());
  CHECK(tries >= 6);
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If the container still exists after a successful removal, it is removed again") {
  RunBench bench;
  std::atomic<int> tries = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    return ++tries < 3 ? FakeReply{.status = 204} : bench.remove(request);
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.wait_all_removed());
  CHECK(tries == 3);
}

TEST_CASE("A removal waits if the engine answers that another removal is in progress (409)") {
  RunBench bench;
  std::atomic<int> tries = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    if (++tries == 2) bench.remove(request);  // AutoRemove has finished
    return FakeReply::json(409, R"({"message":"removal of container is already in progress"})");
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("After the program has ended, the engine removes the sandbox and no delete request is sent") {
  RunBench bench;
  std::atomic<int> deletes = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    ++deletes;
    return bench.remove(request);
  });
  bench.fake.on("POST", "/containers/*/wait", [&](const FakeRequest& request) {
    if (request.target.contains("condition=removed")) bench.remove(request);
    return FakeReply::json(200, R"({"StatusCode":0})");
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
  CHECK(deletes == 0);  // a delete request would kill a container that is already ending
}

TEST_CASE("A sandbox that the engine does not remove is removed by dind-executor") {
  RunBench bench;
  SECTION("The engine does not answer") { bench.fake.on("POST", "/containers/*/wait", FakeReply::silence()); }
  SECTION("The engine reports a removed sandbox that still exists") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply::json(200, R"({"StatusCode":0})"));
  }
  SECTION("The engine reports a failure") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply::json(500, R"({"message":"device or resource busy"})"));
  }
  SECTION("The connection breaks") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply{.then = Then::close, .no_head = true});
  }
  REQUIRE(bench.run(python()));
  CHECK(bench.container_count() == 1);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("On Podman, dind-executor removes the sandbox itself, and a shutdown waits for the removal") {
  for (const bool podman : {false, true}) {
    RunBench bench;
    FakeReply ping{.body = "OK", .headers = {{"Api-Version", "1.41"}}};
    if (podman) ping.headers["Libpod-Api-Version"] = "5.4.2";
    bench.fake.on("GET", "/_ping", ping);
    bench.fake.on("GET", "/volumes/*", FakeReply::json(200, R"({"Name":"v","Mountpoint":"/volumes/v"})"));
    if (podman) bench.weaken = [](nlohmann::json& reply) { reply["HostConfig"].erase("CgroupnsMode"); };
    bench.fake.on("POST", "/containers/*/wait", FakeReply::silence());
    const auto ran = bench.run(python());
    INFO((ran ? "" : ran.error().message));
    REQUIRE(ran);
    CHECK(tests::run_task(bench.context, bench.runs.wait_all_removed_but_auto(in(5s))));
    CHECK(bench.container_count() == (podman ? 0 : 1));
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
  }
}

}  // namespace removal_faults_test
