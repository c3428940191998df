// What happens around a run: repeated run ids, missing supervisors, image pulls, lost engines and late containers.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace run_cleanup_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;
using Then = FakeReply::Then;

namespace {

constexpr const char* kNoImage = R"({"message":"No such image: python:3.12-slim"})";

}  // namespace

TEST_CASE("A run id can be used again while the container of the last run is still being removed") {
  RunBench bench;
  std::atomic<bool> held = true;
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    return held ? FakeReply::json(500, R"({"message":"device or resource busy"})") : bench.remove(request);
  });
  auto spec = python();
  spec.run_id = "again";
  REQUIRE(bench.run(spec));
  REQUIRE(bench.run(spec));
  CHECK(bench.container_count() == 2);  // each run's container has its own name
  held = false;
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A run id is refused while another run has it") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began(), Then::hang));
  auto spec = python();
  spec.run_id = "twice";
  const auto first = bench.begin(spec);
  REQUIRE(bench.until([&] { return first->sink.started; }));
  const auto second = bench.run(spec);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::invalid_request);
  first->cancel.cancel(CancelReason::user);
  CHECK(bench.finish(first)->verdict == Verdict::cancelled);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("A missing supervisor is restored once, and the program gets all of its stdin") {
  RunBench bench;
  std::atomic<int> starts = 0;
  bench.fake.on("POST", "/containers/*/start", [&](const FakeRequest&) {
    if (++starts > 1) return FakeReply{.status = 204};
    return FakeReply::json(
        400, R"({"message":"exec: \"/.dind/supervisor\": stat /.dind/supervisor: no such file or directory"})");
  });
  // The first supervisor sends nothing. The second one starts the program after it got the first bytes of stdin.
  std::atomic<int> attached = 0;
  bench.fake.on("POST", "/containers/*/attach",
                [&](const FakeRequest&) { return supervised(++attached == 1 ? "" : ready() + began(), Then::hang); });
  auto spec = python();
  spec.limits.timeout = 1s;
  const auto active = std::make_shared<RunBench::ActiveRun>();
  active->input = std::make_shared<StdinPipe>(bench.context.get_executor());
  asio::co_spawn(
      bench.context, bench.runs.run(spec, active->sink, active->input, active->cancel),
      [active](const std::exception_ptr&, Result<RunResult> answer) { active->answer.emplace(std::move(answer)); });
  REQUIRE(bench.until([&] { return active->sink.started; }));
  active->input->push("typed only after the second attempt");
  CHECK(bench.until([&] {
    return bench.fake.received().contains(
        encode_frame(supervision::kData, "typed only after the second attempt", supervision::kStdin));
  }));
  active->cancel.cancel(CancelReason::user);
  CHECK(bench.finish(active)->verdict == Verdict::cancelled);
  CHECK(bench.fake.count("PUT", "/containers/*/archive") == 1);
  CHECK(bench.fake.count("POST", "/containers/create") == 3);  // two sandboxes and the carrier
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If the supervisor is still missing at the second start, the run is an error") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/start",
                FakeReply::json(400, R"({"message":"exec: \"/.dind/supervisor\": permission denied"})"));
  const auto result = bench.run(python());
  REQUIRE_FALSE(result);
  CHECK(result.error().message.contains("permission denied"));
  CHECK(bench.fake.count("POST", "/containers/*/start") == 2);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A failed pull is reported as image_unavailable, and no container is created") {
  RunBench bench;
  bench.fake.on("GET", "/images/*/json", FakeReply::json(404, kNoImage));
  bench.fake.on(
      "POST", "/images/create",
      FakeReply::json(200,
                      R"({"status":"Pulling from library/python","id":"3.12-slim"})"
                      "\r\n"
                      R"({"errorDetail":{"message":"toomanyrequests: slow down"},"error":"toomanyrequests: slow down"})"
                      "\r\n"));
  const auto active = bench.begin(python());
  const auto result = bench.finish(active);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::image_unavailable);
  CHECK(result.error().message.contains("toomanyrequests"));
  CHECK(active->sink.stages.starts_with("image:Pulling python:3.12-slim;"));
  CHECK(bench.fake.count("POST", "/containers/create") == 0);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("An image that is missing after a successful pull is an error, and is not pulled again") {
  RunBench bench;
  bench.fake.on("GET", "/images/*/json", FakeReply::json(404, kNoImage));
  bench.fake.on("POST", "/images/create",
                FakeReply::json(200, R"({"status":"Download complete"})"
                                     "\r\n"));
  const auto result = bench.run(python());
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::image_unavailable);
  CHECK(bench.fake.count("POST", "/images/create") == 1);
}

TEST_CASE("Runs that wait for the same image share one pull, and a cancel of one run does not end it") {
  RunBench bench;
  std::atomic<bool> pulled = false;
  bench.fake.on("GET", "/images/*/json", [&](const FakeRequest&) {
    return pulled ? FakeReply::json(200, R"({"Id":"sha256:0123","Config":{}})") : FakeReply::json(404, kNoImage);
  });
  // The pull reports some progress, and then hangs until the connection is closed.
  bench.fake.on("POST", "/images/create",
                FakeReply{.body = R"({"status":"Downloading","id":"a","progressDetail":{"current":1,"total":2}})"
                                  "\r\n",
                          .then = Then::hang,
                          .chunked = true});
  const auto first = bench.begin(python());
  const auto second = bench.begin(python());
  const auto waiting = [](const auto& active) { return active->sink.stages.contains("image:"); };
  REQUIRE(bench.until(
      [&] { return waiting(first) && waiting(second) && bench.fake.count("POST", "/images/create") == 1; }));
  const auto asked = Clock::now();
  first->cancel.cancel(CancelReason::user);
  const auto failures = bench.finish(first);
  REQUIRE_FALSE(failures);
  CHECK(failures.error().code == ErrorCode::cancelled);
  CHECK(first->answered - asked < 300ms);
  CHECK_FALSE(second->answer);
  pulled = true;
  bench.fake.drop_connections();
  // The pull has broken off, so the second run gets an error or its image. It must not wait forever.
  REQUIRE(bench.until([&] { return second->answer.has_value(); }));
  CHECK(bench.fake.count("POST", "/images/create") == 1);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("Two runs that share a pull both start when it is complete") {
  RunBench bench;
  std::atomic<int> pulls = 0;
  std::atomic<bool> pulled = false;
  bench.fake.on("GET", "/images/*/json", [&](const FakeRequest&) {
    return pulled ? FakeReply::json(200, R"({"Id":"sha256:0123","Config":{}})") : FakeReply::json(404, kNoImage);
  });
  // The pull ends only when both runs wait for it. A run that comes later would start its own pull.
  const std::string done = R"({"status":"Download complete"})"
                           "\r\n";
  bench.fake.on("POST", "/images/create", [&](const FakeRequest&) {
    ++pulls;
    return FakeReply{.body = done, .held_until = "/containers/release/start", .content_length = done.size()};
  });
  const auto first = bench.begin(python());
  const auto second = bench.begin(python());
  const auto waiting = [](const auto& active) { return active->sink.stages.contains("image:Pulling"); };
  REQUIRE(bench.until([&] { return waiting(first) && waiting(second) && pulls == 1; }));
  pulled = true;
  REQUIRE(tests::run_task(bench.context, bench.client.start_container("release", in(5s))));
  CHECK(bench.finish(first)->verdict == Verdict::ok);
  CHECK(bench.finish(second)->verdict == Verdict::ok);
  CHECK(pulls == 1);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("A run ends within 6 s if the engine does not answer pings, and waits if the engine answers them") {
  RunBench bench;
  REQUIRE(bench.run(python()));  // it has answered before
  const auto ping = FakeReply{.status = 200, .body = "OK", .headers = {{"Api-Version", "1.41"}}};
  for (const bool silent : {false, true}) {
    bench.fake.on("GET", "/_ping", silent ? FakeReply::silence() : ping);
    bench.fake.on("GET", "/images/*/json", FakeReply::silence());
    const auto begun = Clock::now();
    const auto active = bench.begin(python());
    if (silent) {
      const auto answer = bench.finish(active);
      REQUIRE_FALSE(answer);
      INFO(answer.error().message);
      CHECK(answer.error().code == ErrorCode::engine_unavailable);
      CHECK(Clock::now() - begun < 6s);
    } else {
      const auto asked = bench.fake.count("GET", "/_ping");
      REQUIRE(bench.until([&] { return bench.fake.count("GET", "/_ping") > asked; }));
      CHECK_FALSE(active->answer);
      active->cancel.cancel(CancelReason::user);
      CHECK(bench.finish(active).error().code == ErrorCode::cancelled);
    }
    bench.fake.drop_connections();
  }
  CHECK(bench.wait_all_removed());
}

TEST_CASE("An unreachable engine is detected within 2 s, and used again when it is back") {
  RunBench bench;
  bench.fake.stop_listening();
  const auto begun = Clock::now();
  const auto away = bench.run(python());
  REQUIRE_FALSE(away);
  CHECK(away.error().code == ErrorCode::engine_unavailable);
  CHECK(Clock::now() - begun < 2s);
  bench.fake.listen_again();
  CHECK(bench.run(python())->verdict == Verdict::ok);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("If the engine is lost while a program runs, the run is an error, and the container is removed later") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began() + output("so far"), Then::hang));
  const auto active = bench.begin(python());
  REQUIRE(bench.until([&] { return active->sink.started && active->sink.output == "so far"; }));
  bench.fake.stop_listening();
  const auto result = bench.finish(active);
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK(result.error().code == ErrorCode::engine_unavailable);
  CHECK(result.error().message.contains("stopped answering while the program ran"));
  CHECK(bench.container_count() == 1);
  bench.fake.listen_again();
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("Active and queued runs fail within 2 s if the engine is lost") {
  RunBench bench({.concurrent_runs = 1});
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began(), Then::hang));
  const auto first = bench.begin(python());
  REQUIRE(bench.until([&] { return first->sink.started; }));
  const auto second = bench.begin(python());
  const auto third = bench.begin(python());
  const auto away = Clock::now();
  bench.fake.stop_listening();
  for (const auto& each : {first, second, third}) {
    const auto result = bench.finish(each);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::engine_unavailable);
    CHECK(each->answered - away < 2s);
  }
  CHECK_FALSE(bench.wait_all_removed(0s));  // the first run's container must still be removed
  bench.fake.listen_again();
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A container that the engine creates after the connection broke is removed") {  // R01
  RunBench bench;
  std::atomic<int> tries = 0;
  std::optional<FakeRequest> late;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    late = request;
    return FakeReply{.then = Then::close, .no_head = true};
  });
  bench.fake.on("DELETE", "/containers/*", [&](const FakeRequest& request) {
    if (++tries == 3 && late) bench.create(*late);  // the engine now serves the late request
    return bench.remove(request);
  });
  REQUIRE_FALSE(bench.run(python()));
  CHECK(bench.wait_all_removed(15s));
  CHECK(tries > 3);
  CHECK(bench.container_count() == 0);
}

TEST_CASE("No removal waits for a container whose creation failed") {
  RunBench bench;
  bench.fake.on("POST", "/containers/create", FakeReply::json(500, R"({"message":"no"})"));
  REQUIRE_FALSE(bench.run(python()));
  CHECK(bench.wait_all_removed(1s));
}

TEST_CASE("If a create request is sent twice, the run uses the container of the first request") {  // R01
  RunBench bench;
  std::atomic<int> asked = 0;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    if (++asked == 1) bench.create(request);
    return FakeReply::json(409, R"({"message":"Conflict. The container name is already in use"})");
  });
  const auto result = bench.run(python());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If a name is taken but its container does not exist yet, the run waits for the container") {  // R01
  RunBench bench;
  std::atomic<int> looked = 0;
  FakeRequest first;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    first = request;
    return FakeReply::json(409, R"({"message":"Conflict. The container name is already in use"})");
  });
  bench.fake.on("GET", "/containers/*/json", [&](const FakeRequest& request) {
    if (++looked == 4) bench.create(first);
    return bench.inspect(request);
  });
  const auto result = bench.run(python());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
  CHECK(looked > 3);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

}  // namespace run_cleanup_faults_test
