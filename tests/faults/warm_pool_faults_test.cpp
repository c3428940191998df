// Warm sandboxes, on engines that work and on engines that fail.
#include <catch2/catch_test_macros.hpp>

#include "engine/http_client.hpp"
#include "run_bench.hpp"

namespace warm_pool_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;
using Then = FakeReply::Then;

namespace {

struct WarmBench : RunBench {
  explicit WarmBench(sandbox::WarmPoolPolicy warm_pool = {.max = 2, .max_idle = 10min},
                     std::vector<std::string> languages = {})
      : RunBench({.concurrent_runs = 8, .warm_pool = warm_pool, .warm_languages = std::move(languages)}) {
    fake.on("GET", "/events", FakeReply{.body = "\n", .then = Then::hang, .chunked = true});
    fake.on("POST", "/let/it/go", FakeReply{.status = 204});
    spawn(context.get_executor(), "warm", runs.maintain_warm_pool(over));
  }
  ~WarmBench() { over.cancel(CancelReason::shutdown); }

  bool waits(std::size_t how_many) {
    return until([&] { return sandboxes.warm_pool_size() == how_many && removed_what_ran(); });
  }
  bool removed_what_ran() { return container_count() == sandboxes.warm_pool_size(); }
  std::size_t made() const { return fake.count("POST", "/containers/create"); }
  std::size_t warm_made() const {
    std::size_t count = 0;
    for (const auto& request : fake.requests())
      if (request.path == "/containers/create" && name_in(request).starts_with("dind-warm-")) ++count;
    return count;
  }

  // Sends the request that the held replies wait for.
  Task<bool> go_on() {
    engine::HttpClient http(context.get_executor(), fake.endpoint());
    const auto reply = co_await http.request({.method = "POST", .target = "/let/it/go", .deadline = in(5s)});
    co_return reply.has_value();
  }

  Cancel over;
};

}  // namespace

TEST_CASE("After a run, a sandbox becomes warm, the next run takes it, and another one replaces it") {
  WarmBench bench;
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  const auto made = bench.made();
  CHECK(bench.warm_made() == 1);

  auto spec = python();
  spec.run_id = "second";
  const auto active = bench.begin(spec);
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
  CHECK(result->run_id == "second");
  CHECK(active->sink.output == "hello\n");
  CHECK(active->sink.stages.contains("Taking a warm sandbox"));
  REQUIRE(bench.waits(1));
  CHECK(bench.made() == made + 1);  // the new warm sandbox
  CHECK(bench.warm_made() == 2);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("Of two runs at once, one takes the warm sandbox and the other creates its own") {
  WarmBench bench;
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  // Once the event stream is open, the image is known. Then neither run inspects it, and both claim in one loop turn.
  REQUIRE(bench.until([&] { return bench.fake.count("GET", "/events") == 1; }));
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  const auto asked = bench.fake.count("GET", "/images/*/json");
  const auto first = bench.begin(python());
  const auto second = bench.begin(python());
  REQUIRE(bench.finish(first));
  REQUIRE(bench.finish(second));
  CHECK(first->sink.output == "hello\n");
  CHECK(second->sink.output == "hello\n");
  CHECK(first->sink.stages.contains("Taking a warm sandbox") != second->sink.stages.contains("Taking a warm sandbox"));
  CHECK(bench.fake.count("GET", "/images/*/json") == asked);
  // One run found no warm sandbox. So the pool keeps two for a minute.
  REQUIRE(bench.waits(2));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A run whose limits do not fit the warm sandbox creates its own container at once") {
  WarmBench bench;
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  const auto cold = [&](RunSpec spec) {
    const auto active = bench.begin(std::move(spec));
    CHECK(bench.finish(active));
    return active->sink.stages.contains("Creating");
  };
  auto other = python();
  SECTION("Another memory limit") { other.limits.memory_bytes = 64 << 20; }
  SECTION("Another CPU limit") { other.limits.cpus = 0.5; }
  SECTION("Another process limit") { other.limits.pids = 17; }
  SECTION("A longer timeout than the warm sandbox has left") { other.limits.timeout = 1h; }
  CHECK(cold(other));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A run with a shorter timeout and other text, arguments and environment takes the warm sandbox") {
  WarmBench bench;
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  auto other = python();
  other.limits.timeout = 2s;
  other.args = {"a", "b"};
  other.env = {{"SOME", "thing"}};
  std::get<SourceProgram>(other.program).text = "print('another')";
  const auto active = bench.begin(other);
  REQUIRE(bench.finish(active));
  CHECK(active->sink.stages.contains("Taking a warm sandbox"));
  CHECK(bench.until([&] { return bench.fake.received().contains("print('another')"); }));
  CHECK(bench.wait_all_removed());
}

TEST_CASE("An announced run gets a warm sandbox in advance, and an announcement pulls no image") {
  WarmBench bench;
  bench.fake.on("GET", "/images/*/json", [](const FakeRequest& request) {
    if (request.path.contains("not/there")) return FakeReply::json(404, R"({"message":"No such image"})");
    return FakeReply::json(200, R"({"Id":"sha256:0123","Config":{}})");
  });
  REQUIRE(bench.until([&] { return bench.fake.count("GET", "/events") == 1; }));  // the pool has started
  auto spec = python();
  std::get<SourceProgram>(spec.program).text.clear();
  bench.runs.warm_up_for(spec);
  REQUIRE(bench.waits(1));
  spec.image = "not/there:1";
  bench.runs.warm_up_for(spec);
  const auto active = bench.begin(python());
  REQUIRE(bench.finish(active));
  CHECK(active->sink.stages.contains("Taking a warm sandbox"));
  CHECK(bench.fake.count("POST", "/images/create") == 0);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("Sandboxes for the configured languages are warm from the start") {
  WarmBench bench({.max = 2, .max_idle = 10min}, {"python", "javascript"});
  bench.fake.on("GET", "/images/*/json", [](const FakeRequest& request) {
    return FakeReply::json(200, request.path.contains("python") ? R"({"Id":"sha256:0123","Config":{}})"
                                                                : R"({"Id":"sha256:4567","Config":{}})");
  });
  REQUIRE(bench.waits(2));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If a warm sandbox ends, the next run creates its own") {
  WarmBench bench;
  REQUIRE(bench.run(python()));
  REQUIRE(bench.waits(1));
  bench.fake.drop_connections();
  const auto active = bench.begin(python());
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(active->sink.output == "hello\n");
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A run waits for a warm sandbox that is being created, and creates no other") {
  WarmBench bench;
  std::atomic<bool> held = false;
  std::atomic<int> attached = 0;
  // The second sandbox is the warm one. It reports that it is ready only after the request in `go_on`.
  bench.fake.on("POST", "/containers/*/attach", [&](const FakeRequest&) {
    auto reply = supervised(whole_run(), Then::hang);
    if (++attached == 2) {
      reply.held_until = "/let/it/go";
      held = true;
    }
    return reply;
  });
  REQUIRE(bench.run(python()));
  REQUIRE(bench.until([&] { return held.load(); }));
  const auto made = bench.made();
  const auto active = bench.begin(python());
  bench.until([] { return false; }, 50ms);
  CHECK(bench.made() == made);
  CHECK_FALSE(active->answer);

  SECTION("The run takes the warm sandbox") {
    tests::run_task(bench.context, bench.go_on());
    REQUIRE(bench.finish(active));
    CHECK(active->sink.output == "hello\n");
  }
  SECTION("A cancel is answered at once, and the next run takes the sandbox") {
    const auto asked = Clock::now();
    active->cancel.cancel(CancelReason::user);
    CHECK_FALSE(bench.finish(active));
    CHECK(active->answered - asked < 300ms);
    const auto next = bench.begin(python());
    tests::run_task(bench.context, bench.go_on());
    REQUIRE(bench.finish(next));
    CHECK(next->sink.stages.contains("Taking a warm sandbox"));
  }
  SECTION("If the warm sandbox fails to start, the run creates its own") {
    bench.fake.drop_connections();
    REQUIRE(bench.finish(active));
    CHECK(active->sink.output == "hello\n");
  }
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A warm sandbox that no run takes for a while is removed") {
  WarmBench bench({.max = 2, .max_idle = 200ms});
  REQUIRE(bench.run(python()));
  REQUIRE(bench.until([&] { return bench.warm_made() == 1; }));  // it may be removed already
  CHECK(bench.until([&] { return bench.sandboxes.warm_pool_size() == 0 && bench.container_count() == 0; }));
}

TEST_CASE("If the engine refuses a warm sandbox, the next attempt follows only after another run") {
  WarmBench bench;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    if (RunBench::name_in(request).starts_with("dind-warm-"))
      return FakeReply::json(500, R"({"message":"no space left on device"})");
    return bench.create(request);
  });
  REQUIRE(bench.run(python()));
  REQUIRE(bench.until([&] { return bench.warm_made() == 1; }));
  bench.until([] { return false; }, 200ms);
  CHECK(bench.warm_made() == 1);
  REQUIRE(bench.run(python()));
  CHECK(bench.until([&] { return bench.warm_made() == 2; }));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("With a warm pool max of 0, no warm sandbox is created") {
  WarmBench bench({.max = 0, .max_idle = 10min});
  REQUIRE(bench.run(python()));
  bench.until([] { return false; }, 100ms);
  CHECK(bench.warm_made() == 0);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("When the server ends, a warm sandbox that is being created is removed") {
  WarmBench bench;
  std::atomic<int> attached = 0;
  bench.fake.on("POST", "/containers/*/attach", [&](const FakeRequest&) {
    auto reply = supervised(whole_run(), Then::hang);
    if (++attached == 2) reply.held_until = "/never";
    return reply;
  });
  REQUIRE(bench.run(python()));
  REQUIRE(bench.until([&] { return attached == 2; }));
  CHECK(bench.wait_all_removed(5s));
  CHECK(bench.container_count() == 0);
}

}  // namespace warm_pool_faults_test
