// Whole runs with an engine or a supervisor that sends false data, hangs or breaks off: one result, nothing left.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace run_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;
using Then = FakeReply::Then;

namespace {

constexpr auto kAnswerTime = 300ms;

void check_error(const Result<RunResult>& result, ErrorCode code, std::string_view part) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK(to_string(result.error().code) == to_string(code));
  CHECK(result.error().message.contains(part));
  CHECK_FALSE(result.error().message.contains('\n'));
}

}  // namespace

TEST_CASE("On a working engine, a run returns its result and its container is removed") {
  RunBench bench;
  const auto active = bench.begin(python());
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
  CHECK(result->image_id == "sha256:0123");
  CHECK(active->sink.output == "hello\n");
  CHECK(active->sink.started);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
  CHECK(bench.until([&] { return bench.fake.received().contains("print('hello')"); }));
}

TEST_CASE("If the reply to create is lost, a cancel is answered at once and the container is removed by its name") {
  RunBench bench;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    bench.create(request);  // created, but the reply is lost
    return FakeReply::silence();
  });
  const auto active = bench.begin(python());
  REQUIRE(bench.until([&] { return bench.container_count() == 1; }));
  const auto asked = Clock::now();
  active->cancel.cancel(CancelReason::user);
  check_error(bench.finish(active), ErrorCode::cancelled, "cancelled");
  CHECK(active->answered - asked < kAnswerTime);
  CHECK(bench.until([&] { return bench.container_count() == 0; }, 2s));
  // The removal stays pending until the call has ended: the engine might still create the container.
  CHECK(bench.sandboxes.removals().pending() == 1);
  bench.release_silent_call("POST", "/containers/create");
  CHECK(bench.wait_all_removed());
  CHECK(bench.fake.count("POST", "/containers/*/start") == 0);
}

TEST_CASE("If the connection breaks after create, the run is an error and the container is removed") {
  RunBench bench;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    bench.create(request);
    return FakeReply{.then = Then::close, .no_head = true};
  });
  check_error(bench.run(python()), ErrorCode::engine_unavailable, "create container");
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A cancel is answered at once whichever engine call hangs, and the container is removed") {
  for (const auto& [method, path] : {std::pair("GET", "/images/*/json"),
                                     {"GET", "/volumes/*"},
                                     {"GET", "/containers/*/json"},
                                     {"POST", "/containers/*/attach"},
                                     {"POST", "/containers/*/start"}}) {
    INFO(method << " " << path);
    RunBench bench;
    bench.fake.on("POST", "/containers/*/attach", supervised("", Then::hang));  // the program never starts
    bench.fake.on(method, path, FakeReply::silence());
    const auto active = bench.begin(python());
    REQUIRE(bench.until([&] { return bench.fake.count(method, path) == 1; }));
    const auto asked = Clock::now();
    active->cancel.cancel(CancelReason::user);
    check_error(bench.finish(active), ErrorCode::cancelled, "cancelled");
    CHECK(active->answered - asked < kAnswerTime);
    bench.release_silent_call(method, path);
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
  }
}

TEST_CASE("If the supervisor does not answer, a cancel returns the result so far at once") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began() + output("so far"), Then::hang));
  const auto active = bench.begin(python());
  REQUIRE(bench.until([&] { return active->sink.started && active->sink.output == "so far"; }));
  const auto asked = Clock::now();
  active->cancel.cancel(CancelReason::client_gone);
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(active->answered - asked < kAnswerTime);
  CHECK(result->verdict == Verdict::cancelled);
  CHECK(result->cancel_reason == CancelReason::client_gone);
  CHECK(result->stdout_bytes == 6);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
  // The supervisor gets SIGKILL for its program before its container is removed.
  CHECK(bench.until([&] {
    return bench.fake.received().contains(encode_frame(supervision::kSignal, std::string("\0\0\0\x09", 4)));
  }));
}

TEST_CASE("If the supervisor does not answer, a timeout is still reported in time") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began(), Then::hang));
  auto spec = python();
  spec.limits.timeout = 200ms;
  const auto begun = Clock::now();
  const auto result = bench.run(spec);
  REQUIRE(result);
  CHECK(result->verdict == Verdict::timeout);
  CHECK(Clock::now() - begun < 200ms + 1s);
  CHECK(result->notes.size() == 1);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A sandbox that is weaker than requested is never started") {
  RunBench bench;
  bench.weaken = [](nlohmann::json& reply) { reply["HostConfig"]["ReadonlyRootfs"] = false; };
  check_error(bench.run(python()), ErrorCode::engine_error, "ReadonlyRootfs: asked true, reported false");
  CHECK(bench.fake.count("POST", "/containers/*/start") == 0);
  CHECK(bench.fake.count("POST", "/containers/*/attach") == 0);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A refused create, attach or start is an error with the engine's message, and nothing is left") {
  for (const auto& [path, called] : {std::pair("/containers/create", "create container"),
                                     {"/containers/*/attach", "attach to container"},
                                     {"/containers/*/start", "start container"}}) {
    INFO(path);
    RunBench bench;
    bench.fake.on("POST", path, FakeReply::json(500, R"({"message":"the runtime is unwell"})"));
    const auto result = bench.run(python());
    check_error(result, ErrorCode::engine_error, "the runtime is unwell");
    CHECK(result.error().message.contains(called));
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
    CHECK(bench.fake.count("POST", path) == 1);  // trying again would not help
  }
}

TEST_CASE("A stream that breaks off or is not from a supervisor is an error, and the container is removed") {
  struct Broken {
    const char* what;
    std::string bytes;
    Then then;
    ErrorCode code;
    const char* part;
  };
  const Broken cases[] = {
      {"ends in the middle of a frame",
       ready() + began() + engine_chunk(1, encode_frame(supervision::kData, "lost", supervision::kStdout).substr(0, 9)),
       Then::close, ErrorCode::engine_error, "removed while the program ran"},
      {"ends in the middle of the engine's header", ready() + began() + std::string("\1\0\0", 3), Then::close,
       ErrorCode::engine_error, "removed while the program ran"},
      {"garbage for the engine's header", "HTTP/1.1 400 Bad Request\r\n\r\n", Then::hang, ErrorCode::engine_error,
       "stream is broken"},
      {"garbage for a frame", engine_chunk(1, "I am a program, and no supervisor at all"), Then::hang,
       ErrorCode::internal, "Please report this"},
      {"garbage after the program began", ready() + began() + engine_chunk(1, std::string(100, '\xff')), Then::hang,
       ErrorCode::internal, "Please report this"},
      {"a frame of 16 MiB", ready() + began() + engine_chunk(1, std::string("c\0\0\0\2\xff\xff\xff", 8)), Then::hang,
       ErrorCode::internal, "too long"},
      {"a channel that was not declared", ready() + began() + output("forged", 9), Then::hang, ErrorCode::internal,
       "not declared"},
      {"another version", supervisor_frame(supervision::kReady, std::string("\0\0\0\x63", 4)), Then::hang,
       ErrorCode::internal, "version 99"},
      {"the supervisor gives up, in several lines",
       ready() + supervisor_frame(supervision::kProtocolError, "no room\non its\ttmpfs"), Then::hang,
       ErrorCode::engine_error, "no room on its tmpfs"},
  };
  for (const auto& [what, bytes, then, code, part] : cases) {
    INFO(what);
    RunBench bench;
    bench.fake.on("POST", "/containers/*/attach", supervised(bytes, then));
    check_error(bench.run(python()), code, part);
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
  }
}

TEST_CASE("Frames after the exit report are ignored") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach",
                supervised(ready() + began() + exited(0) + exited(7) + output("late"), Then::hang));
  const auto active = bench.begin(python());
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(result->exit_code == 0);
  CHECK(active->sink.output.empty());
  CHECK(bench.wait_all_removed());
}

TEST_CASE("The exit report is confirmed, so that the supervisor can exit") {
  RunBench bench;
  REQUIRE(bench.run(python()));
  CHECK(bench.until([&] { return bench.fake.received().contains(encode_frame(supervision::kReportReceived, "")); }));
  CHECK(bench.wait_all_removed());
}

TEST_CASE("Output beyond the output limit ends the run even if the supervisor does not end it") {
  RunBench bench;
  std::string flood = ready() + began();
  for (int i = 0; i < 64; ++i) flood += output(std::string(supervision::kMaxPayload, 'x'));
  bench.fake.on("POST", "/containers/*/attach", supervised(flood, Then::hang));
  sandbox::RunPlan plan{.run_id = "flood", .argv = {"yes"}};
  plan.limits.output_bytes = 1 << 20;
  RecordingSink sink;
  const auto result = tests::run_task(
      bench.context,
      bench.sandboxes.run({.plan = plan, .image = {.id = "sha256:0123"}, .image_name = "image"}, sink, {}));
  REQUIRE(result);
  CHECK(result->verdict == Verdict::output_limit);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

}  // namespace run_faults_test
