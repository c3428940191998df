// Containers that are not removed when the engine is told to, or when it should do it itself.
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
  CHECK(result->verdict == Verdict::ok);  // the answer did not wait
  CHECK(bench.container_count() == 1);
  CHECK_FALSE(bench.wait_all_removed(0s));
  CHECK(bench.wait_all_removed());
  CHECK(tries >= 6);
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A successful removal does not count while the container still exists") {
  RunBench bench;
  std::atomic<int> tries = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    return ++tries < 3 ? FakeReply{.status = 204} : bench.remove(request);
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.wait_all_removed());
  CHECK(tries == 3);
}

TEST_CASE("A removal waits if another one is in progress already (409)") {
  RunBench bench;
  std::atomic<int> tries = 0;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    if (++tries == 2) bench.remove(request);  // AutoRemove has come to its end
    return FakeReply::json(409, R"({"message":"removal of container is already in progress"})");
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If the program has ended, only the engine removes the sandbox") {
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
  CHECK(deletes == 0);  // it would kill what is ending already
}

TEST_CASE("A sandbox that the engine does not remove is removed by dind-executor") {
  RunBench bench;
  SECTION("the engine says nothing") { bench.fake.on("POST", "/containers/*/wait", FakeReply::silence()); }
  SECTION("the engine says that it is gone, and it isn't") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply::json(200, R"({"StatusCode":0})"));
  }
  SECTION("the engine can't") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply::json(500, R"({"message":"device or resource busy"})"));
  }
  SECTION("the connection breaks") {
    bench.fake.on("POST", "/containers/*/wait", FakeReply{.then = Then::close, .no_head = true});
  }
  REQUIRE(bench.run(python()));
  CHECK(bench.container_count() == 1);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("On Podman, dind-executor removes the sandbox, and it stays pending until then") {
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
