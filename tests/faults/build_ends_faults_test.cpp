// A build ends when the image of its last stage is complete, not earlier, even if the engine is still cleaning up.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace build_ends_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

constexpr const char* kStage =
    R"({"stream":"Step 1/3 : FROM a\n"}{"stream":"Step 2/3 : LABEL dind-executor.built=build\n"}{"stream":"Step 3/3 : CMD x\n"})";
constexpr const char* kWhole = R"({"aux":{"ID":"sha256:ab0123456789"}})";

RunPolicy policy() {
  RunPolicy policy;
  policy.build.network = false;
  policy.build.disk_bytes = 1000;
  return policy;
}

RunSpec dockerfile(std::string text = "FROM a\nCMD [\"x\"]\n") {
  return {.program = BuildProgram{.dockerfile = std::move(text), .context_path = {}, .command = {}}};
}

// The engine sends `lines` as the build's output, and then nothing until the client closes the connection.
void says(RunBench& bench, const std::string& lines, std::int64_t size = 400) {
  bench.fake.on("POST", "/build",
                FakeReply{.status = 200, .body = lines, .then = FakeReply::Then::hang, .chunked = true});
  bench.fake.on("GET", "/images/a/json", FakeReply::json(200, R"({"Id":"sha256:0123","Size":400,"Config":{}})"));
  for (const char* id : {"sha256:ab0123456789", "ab0123456789"})
    bench.fake.on("GET", std::string("/images/") + id + "/json",
                  FakeReply::json(200, R"({"Id":"sha256:ab0123456789","Parent":"sha256:0123","Size":)" +
                                           std::to_string(size) + R"(,"Config":{"Cmd":["x"]}})"));
}

// The engine sends only the first `bytes` bytes of its reply to a build, and closes the connection.
void cuts(RunBench& bench, const std::string& lines, std::size_t bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx", lines.size());
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            std::string(size) + "\r\n" + lines + "\r\n0\r\n\r\n";
  bench.fake.on("GET", "/images/a/json", FakeReply::json(200, R"({"Id":"sha256:0123","Size":400,"Config":{}})"));
  bench.fake.on("POST", "/build",
                FakeReply{.then = FakeReply::Then::close, .no_head = true, .cut = reply.substr(0, bytes)});
}

}  // namespace

TEST_CASE("An image runs once its last stage is complete, and a shutdown waits briefly for the engine's answer") {
  RunBench bench(policy());
  says(bench, std::string(kStage) + kWhole);
  const auto result = bench.run(dockerfile());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
  CHECK(bench.fake.count("POST", "/containers/create") >= 1);
  const auto begun = Clock::now();
  SECTION("A shutdown waits about 2 s if the engine does not answer") {
    CHECK(bench.wait_all_removed());
    CHECK(Clock::now() - begun >= 1500ms);
    CHECK(Clock::now() - begun < 5s);
  }
  SECTION("A shutdown does not wait if the connection breaks") {
    bench.fake.drop_connections();
    CHECK(bench.wait_all_removed());
    CHECK(Clock::now() - begun < 1500ms);
  }
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If the engine has not answered four builds, the next build waits for the engine's answer") {
  RunBench bench(policy());
  says(bench, std::string(kStage) + kWhole);
  for (int i = 0; i < 4; ++i) REQUIRE(bench.run(dockerfile()));
  const auto active = bench.begin(dockerfile());
  REQUIRE(bench.until([&] { return active->sink.stages.contains("CMD x"); }));
  bench.fake.drop_connections();
  const auto result = bench.finish(active);
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::engine_unavailable);
  CHECK(result.error().message.contains("broke while the image was built. Run it again"));
  CHECK(bench.wait_all_removed());
}

TEST_CASE("A build reply that is cut at any point is reported as a broken connection (R03)") {
  for (const std::size_t bytes : {20U, 50U, 80U, 83U, 100U, 120U, 150U}) {
    CAPTURE(bytes);
    RunBench bench(policy());
    cuts(bench, std::string(kStage) + kWhole, bytes);
    const auto result = bench.run(dockerfile());
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::engine_unavailable);
    CHECK(result.error().message.contains("The connection to the engine at"));
    CHECK(result.error().message.contains("broke while the image was built. Run it again"));
  }
}

TEST_CASE("The image of an earlier stage is not used as the result, even if a step prints lines that look like steps") {
  auto brief = policy();
  brief.build.timeout = 1s;
  RunBench bench(brief);
  says(
      bench,
      R"({"stream":"Step 1/6 : FROM a\n"}{"stream":"Step 2/6 : LABEL dind-executor.built=build\n"}{"stream":"Step 3/6 : RUN x\n"})"
      R"({"stream":"Step 4/6 : y\nStep 5/6 : y\nStep 6/6 : printed\n"})" +
          std::string(kWhole));
  const auto active = bench.begin(dockerfile("FROM a\nRUN x\nFROM a\nCMD [\"x\"]\n"));
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(active->sink.stages.contains("printed"));
  CHECK(result->verdict == Verdict::timeout);
  CHECK(result->stage == Stage::build);
  CHECK(bench.fake.count("POST", "/containers/create") == 0);
}

TEST_CASE("An image that is reported before the last step is not used as the result") {
  auto brief = policy();
  brief.build.timeout = 1s;
  RunBench bench(brief);
  says(bench, R"({"stream":"Step 1/3 : FROM a\n"})" + std::string(kWhole));
  const auto active = bench.begin(dockerfile());
  const auto result = bench.finish(active);
  REQUIRE(result);
  CHECK(active->sink.stages.contains("FROM a"));
  CHECK(result->verdict == Verdict::timeout);
}

TEST_CASE("A complete image that exceeds its disk limit does not run") {
  RunBench bench(policy());
  says(bench, std::string(kStage) + kWhole, 1500);
  const auto result = bench.run(dockerfile());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::disk_limit);
  CHECK(bench.fake.count("POST", "/containers/create") == 0);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("The disk use of a build counts the last layer once, even if the engine reports it twice") {
  RunBench bench(policy());
  says(bench, std::string(kStage) + R"({"stream":" ---\u003e ab0123456789\n"})" + kWhole,
       1400);  // the base image has 400 bytes, and the limit is 1000
  const auto result = bench.run(dockerfile());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::ok);
}

TEST_CASE("A cancel is answered at once while the disk use of a build is being measured") {
  RunBench bench(policy());
  says(bench, std::string(kStage) + R"({"stream":" ---\u003e ab0123456789\n"})" + kWhole);
  bench.fake.on("GET", "/images/ab0123456789/json", FakeReply::silence());
  const auto active = bench.begin(dockerfile());
  REQUIRE(bench.until([&] { return bench.fake.count("GET", "/images/ab0123456789/json") == 1; }));
  bench.stop_and_check(active);
  bench.fake.drop_connections();
  CHECK(bench.wait_all_removed());
}

// N03: containerd's image store reports the packed size of an image.
TEST_CASE("With containerd's image store, the disk use of a build is the unpacked size of its layers") {
  for (const std::int64_t unpacked : {1400, 1401}) {
    RunBench bench(policy());
    says(bench, std::string(kStage) + kWhole, 401);
    const auto packed = [](const char* id, const char* parent) {
      return FakeReply::json(
          200, std::string(R"({"Id":"sha256:)") + id + R"(","Parent":")" + parent +
                   R"(","Size":401,"GraphDriver":{"Data":null,"Name":"overlayfs"},"Config":{"Cmd":["x"]}})");
    };
    bench.fake.on("GET", "/images/a/json", packed("0123", ""));
    for (const char* id : {"sha256:ab0123456789", "ab0123456789"})
      bench.fake.on("GET", std::string("/images/") + id + "/json", packed("ab0123456789", "sha256:0123"));
    bench.fake.on("GET", "/images/sha256:0123/history", FakeReply::json(200, R"([{"Size":0},{"Size":400}])"));
    bench.fake.on(
        "GET", "/images/sha256:ab0123456789/history",
        FakeReply::json(200, R"([{"Size":0},{"Size":)" + std::to_string(unpacked - 400) + R"(},{"Size":400}])"));
    const auto result = bench.run(dockerfile());
    REQUIRE(result);
    INFO(unpacked);
    CHECK(result->verdict == (unpacked > 1400 ? Verdict::disk_limit : Verdict::ok));
  }
}

}  // namespace build_ends_faults_test
