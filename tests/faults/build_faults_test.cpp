// Builds on an engine that fails, hangs or sends false data as each test requires.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "run_bench.hpp"
#include "support/temp_folder.hpp"

namespace build_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

constexpr const char* kStep = "0123456789ab";
constexpr const char* kRuns = R"({"stream":"Step 2/2 : RUN x\n"}{"stream":" ---> Running in 0123456789ab\n"})";

RunPolicy policy(bool network = false) {
  RunPolicy policy;
  policy.build.network = network;
  policy.build.disk_bytes = 1000;
  policy.build.pids = 77;
  return policy;
}

RunSpec dockerfile(std::string text = "FROM a\nRUN x\n") {
  return {.program = BuildProgram{.dockerfile = std::move(text), .context_path = {}, .command = {}}};
}

void streams(RunBench& bench, const std::string& lines, FakeReply::Then then = FakeReply::Then::keep) {
  bench.fake.on("POST", "/build", FakeReply{.status = 200, .body = lines, .then = then, .chunked = true});
}

// The engine reports the container of a step, which has written `written` bytes.
void has_step(RunBench& bench, const std::string& network_mode, std::int64_t written, const std::string& label) {
  bench.fake.on(
      "GET", std::string("/containers/") + kStep + "/json",
      FakeReply::json(200, R"({"Id":"0123456789ab","State":{"Status":"running"},"HostConfig":{"NetworkMode":")" +
                               network_mode + R"("},"Config":{"Labels":{")" + label + R"(":"x"}},"SizeRw":)" +
                               std::to_string(written) + "}"));
  bench.fake.on("POST", std::string("/containers/") + kStep + "/update", FakeReply::json(200, R"({"Warnings":null})"));
}

void has_network(RunBench& bench) {
  bench.weaken = [](nlohmann::json& container) {  // only the container of the egress filter
    if (container["Name"].get<std::string>().ends_with(".egress-filter"))
      container["HostConfig"]["CapAdd"] = nlohmann::json::array({"NET_ADMIN"});
  };
  bench.fake.on(
      "GET", "/networks",
      FakeReply::json(200,
                      R"([{"Id":"n","Name":"dind-executor-internet","Labels":{"dind-executor.cache":"internet"}}])"));
  bench.fake.on("POST", "/containers/*/wait", FakeReply::json(200, R"({"StatusCode":0})"));
}

// A workspace with a project whose tar needs more than one write.
struct Upload : tests::TempFolder {
  static constexpr const char* kText = "what is in the project";
  Upload() { write("project/a", kText + std::string(3 << 20, 'x')); }
};

std::string body_of(const RunBench& bench, const std::string& path) {
  for (const auto& request : bench.fake.requests())
    if (request.path == path) return request.body;
  return {};
}

}  // namespace

TEST_CASE("A build that fails because of the engine or a registry is an error with a remedy, and has no verdict") {
  struct Case {
    FakeReply reply;
    ErrorCode code;
    const char* remedy;
  };
  const Case cases[] = {
      {{.body = R"({"error":"write /var/lib/docker/x: no space left on device"})"},
       ErrorCode::engine_error,
       "disk space"},
      {{.body = R"({"error":"cannot join network of a non running container: 1"})"},
       ErrorCode::engine_error,
       "try again"},
      {{.body = R"({"error":"toomanyrequests: slow down"})"}, ErrorCode::image_unavailable, "limits pulls"},
      {FakeReply::json(500, R"({"message":"unexpected error reading Dockerfile: input/output error"})"),
       ErrorCode::engine_error, "unexpected error"},
  };
  for (const auto& each : cases) {
    RunBench bench(policy());
    bench.fake.on("POST", "/build", each.reply);
    const auto result = bench.run(dockerfile());
    REQUIRE(!result);
    CHECK(result.error().code == each.code);
    CHECK(result.error().message.contains(each.remedy));
  }
}

TEST_CASE("A failed step gives the verdict failed, and a syntax error names the line of the author's Dockerfile") {
  RunBench bench(policy());
  streams(
      bench,
      R"({"errorDetail":{"code":3,"message":"The command 'no space left on device' returned a non-zero code: 3"}})");
  auto result = bench.run(dockerfile());
  REQUIRE(result);
  CHECK(result->verdict == Verdict::failed);
  CHECK(result->exit_code == 3);
  // The builder's text has one more line after each FROM.
  bench.fake.on("POST", "/build",
                FakeReply::json(400, R"({"message":"dockerfile parse error line 6: unknown instruction: X"})"));
  const auto active = bench.begin(dockerfile("FROM a\nRUN x\nFROM b\nX\n"));
  result = bench.finish(active);
  REQUIRE(result);
  CHECK(active->sink.output == "dockerfile parse error line 4: unknown instruction: X\n");
}

TEST_CASE("The processes of a build step are limited as soon as the builder names its container") {
  RunBench bench(policy());
  has_step(bench, "none", 0, "dind-executor.built");
  streams(bench, kRuns, FakeReply::Then::hang);
  const auto active = bench.begin(dockerfile());
  const std::string update = std::string("/containers/") + kStep + "/update";
  REQUIRE(bench.until([&] { return bench.fake.count("POST", update) == 1; }));
  CHECK(nlohmann::json::parse(body_of(bench, update)) == nlohmann::json{{"PidsLimit", 77}});
  active->cancel.cancel(CancelReason::user);
  CHECK(!bench.finish(active));
}

TEST_CASE("If a step prints the ID of another container, that container is not changed") {
  for (const auto& [network, label] : {std::pair("bridge", "dind-executor.built"), std::pair("none", "somebody"),
                                       std::pair("none", "dind-executor.owner")}) {
    RunBench bench(policy());
    has_step(bench, network, 1 << 20, label);
    streams(bench, std::string(kRuns) + R"({"errorDetail":{"code":1,"message":"over"}})");
    const auto active = bench.begin(dockerfile());
    const auto result = bench.finish(active);
    REQUIRE(result);
    CHECK(result->verdict == Verdict::failed);
    CHECK(bench.until([&] { return bench.fake.count("GET", std::string("/containers/") + kStep + "/json") == 1; }));
    CHECK(bench.wait_all_removed());
    CHECK(bench.fake.count("POST", std::string("/containers/") + kStep + "/update") == 0);
  }
}

TEST_CASE("A build is stopped if a running step or a finished layer exceeds the disk limit") {
  for (const bool step : {true, false}) {
    RunBench bench(policy());
    has_step(bench, "none", step ? 1001 : 0, "dind-executor.built");
    bench.fake.on(
        "GET", "/images/ab0123456789/json",
        FakeReply::json(200, R"({"Id":"sha256:ab0123456789","Parent":"sha256:0123","Size":1500,"Config":{}})"));
    streams(bench, std::string(kRuns) + (step ? "" : R"({"stream":" ---> ab0123456789\n"})"), FakeReply::Then::hang);
    // The size of the base image does not count.
    bench.fake.on("GET", "/images/a/json", FakeReply::json(200, R"({"Id":"sha256:0123","Size":400,"Config":{}})"));
    const auto result = bench.run(dockerfile());
    REQUIRE(result);
    CHECK(result->verdict == Verdict::disk_limit);
    CHECK(result->stage == Stage::build);
    REQUIRE(!result->notes.empty());
    CHECK(result->notes.back().contains("build.disk"));
  }
}

TEST_CASE("If the container that holds the build's network ends, the build fails with an engine error") {
  RunBench bench(policy(true));
  has_network(bench);
  auto ends = supervised(ready(), FakeReply::Then::close);
  ends.held_until = "/build";
  bench.fake.on("POST", "/containers/*/attach", ends);
  streams(bench, kRuns, FakeReply::Then::hang);
  const auto result = bench.run(dockerfile());
  REQUIRE(!result);
  INFO(result.error().message);
  CHECK(result.error().code == ErrorCode::engine_error);
  CHECK(result.error().message.contains("held the build's network"));
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("The context is sent while the engine creates the network, and no step starts before the network is ready") {
  const Upload folder;
  RunBench bench(policy(true), {.engine_path = folder.path, .path = folder.path});
  has_network(bench);
  bench.fake.on("POST", "/containers/create", FakeReply::silence());
  streams(bench, R"({"errorDetail":{"code":1,"message":"over"}})");
  auto spec = dockerfile("FROM a\nRUN the-step\n");
  std::get<BuildProgram>(spec.program).context_path = "project";
  const auto active = bench.begin(std::move(spec));
  REQUIRE(bench.until([&] { return bench.fake.received().contains(Upload::kText); }));
  CHECK(bench.fake.count("POST", "/build") == 0);
  CHECK(!bench.fake.received().contains("the-step"));

  SECTION("A broken connection is not reported as a cancel") {
    bench.fake.on("POST", "/containers/create", FakeReply::json(500, R"({"message":"interrupted"})"));
    bench.fake.drop_connections();
    const auto result = bench.finish(active);
    REQUIRE(!result);
    CHECK(result.error().code != ErrorCode::cancelled);
    CHECK(bench.fake.count("POST", "/build") == 0);
  }
  SECTION("A cancel by the user is reported as a cancel") {
    active->cancel.cancel(CancelReason::user);
    const auto result = bench.finish(active);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::cancelled);
    bench.release_silent_call("POST", "/containers/create");
    CHECK(bench.fake.count("POST", "/build") == 0);
  }
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A build without RUN steps creates no network") {
  RunBench bench(policy(true));
  streams(bench, R"({"errorDetail":{"code":1,"message":"over"}})");
  REQUIRE(bench.run(dockerfile("FROM a\nCOPY x /\n")));
  CHECK(bench.fake.count("POST", "/containers/create") == 0);
  for (const auto& request : bench.fake.requests())
    if (request.path == "/build") CHECK(request.target.contains("networkmode=none"));
  CHECK(bench.fake.count("POST", "/build") == 1);
}

TEST_CASE("If the build network can't be created, the run returns this error and nothing is built") {
  RunBench bench(policy(true));
  has_network(bench);
  bench.fake.on("POST", "/containers/create", FakeReply::json(500, R"({"message":"no room for a network"})"));
  streams(bench, R"({"errorDetail":{"code":1,"message":"over"}})");
  const auto result = bench.run(dockerfile());
  REQUIRE(!result);
  INFO(result.error().message);
  CHECK(result.error().code == ErrorCode::engine_error);
  CHECK(result.error().message.contains("no room for a network"));
  CHECK(bench.fake.count("POST", "/build") == 0);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("If the build context can't be collected, the error is returned at once, even while an engine call hangs") {
  for (const auto& [method, path] : {std::pair("GET", "/images/a/json"), std::pair("POST", "/containers/create")}) {
    INFO(path);
    RunBench bench(policy(true));
    has_network(bench);
    bench.fake.on(method, path, FakeReply::silence());
    auto spec = dockerfile();
    std::get<BuildProgram>(spec.program).context_path = "project";  // no workspace is set
    const auto result = bench.run(std::move(spec));
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::invalid_request);
    CHECK(result.error().message.contains("no workspace is set"));
    CHECK(bench.fake.count("POST", "/build") == 0);
    bench.release_silent_call(method, path);
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
  }
}

TEST_CASE("A cancel is answered at once while the engine creates a build network, and all containers are removed") {
  for (const auto& [method, path] :
       {std::pair("GET", "/volumes/*"), std::pair("POST", "/containers/create"), std::pair("GET", "/containers/*/json"),
        std::pair("POST", "/containers/*/start"), std::pair("POST", "/containers/*/wait")}) {
    INFO(path);
    RunBench bench(policy(true));
    has_network(bench);
    if (std::string(path) == "/containers/create")  // created, but the reply never comes
      bench.fake.on("POST", path, [&bench](const FakeRequest& request) {
        [[maybe_unused]] const auto made = bench.create(request);
        return FakeReply::silence();
      });
    else
      bench.fake.on(method, path, FakeReply::silence());
    const auto active = bench.begin(dockerfile());
    REQUIRE(bench.until([&] { return bench.fake.count(method, path) == 1; }));
    bench.stop_and_check(active);
    bench.release_silent_call(method, path);
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
    CHECK(bench.fake.count("POST", "/build") == 0);
  }
}

TEST_CASE("A cancel is answered at once while the engine creates a dependency volume, which is then removed") {
  RunBench bench;
  bench.fake.on("POST", "/volumes/create", FakeReply::silence());
  bench.fake.on("DELETE", "/volumes/*", FakeReply{.status = 204});
  auto spec = python();
  spec.dependencies = {"requests"};
  const auto active = bench.begin(std::move(spec));
  REQUIRE(bench.until([&] { return bench.fake.count("POST", "/volumes/create") == 1; }));
  bench.stop_and_check(active);
  CHECK(bench.fake.count("DELETE", "/volumes/*") == 0);  // the volume does not exist yet
  bench.fake.on("POST", "/volumes/create", FakeReply::json(500, R"({"message":"interrupted"})"));
  bench.fake.drop_connections();
  CHECK(bench.wait_all_removed());
  CHECK(bench.fake.count("DELETE", "/volumes/*") == 1);
}

TEST_CASE("A killed BuildKit step counts as out of memory only if the engine reports a memory limit") {
  struct Case {
    FakeReply info;
    Verdict verdict;
    const char* note;
  };
  const Case cases[] = {
      {FakeReply::json(200, R"({"Labels":["dind-executor.build.memory=1073741824","dind-executor.build.pids=99"]})"),
       Verdict::out_of_memory, "1 GiB of memory"},
      {FakeReply::json(200, R"({"Labels":[]})"), Verdict::failed, "could not be built"},
      {FakeReply::json(200, R"({"Labels":null})"), Verdict::failed, "could not be built"},
      // A proxy in front of the engine may allow builds and forbid this request.
      {FakeReply::json(403, R"({"message":"forbidden"})"), Verdict::failed, "could not be built"},
  };
  auto settings = policy();
  settings.build.builder = Builder::buildkit;
  for (const auto& each : cases) {
    RunBench bench(settings);
    bench.fake.on("GET", "/info", each.info);
    streams(bench, R"({"errorDetail":{"message":"executor failed running [/bin/sh -c x]: exit code: 137"}})");
    const auto result = bench.run(dockerfile());
    REQUIRE(result);
    CHECK(result->verdict == each.verdict);
    CHECK(result->stage == Stage::build);
    REQUIRE(!result->notes.empty());
    CHECK(std::ranges::any_of(result->notes, [&](const auto& note) { return note.contains(each.note); }));
    if (each.verdict == Verdict::failed) CHECK(result->exit_code == 137);
  }
}

TEST_CASE("A BuildKit build has a note about missing bounds only while the engine reports no bounds") {
  auto settings = policy(true);
  settings.build.builder = Builder::buildkit;
  RunBench bench(settings);
  const auto notes = [&](const char* labels) {
    bench.fake.on("GET", "/info", FakeReply::json(200, std::string(R"({"Labels":)") + labels + "}"));
    streams(bench, R"({"id":"moby.image.id","aux":{"ID":"sha256:0123"}})");
    auto spec = dockerfile();
    std::get<BuildProgram>(spec.program).command = std::vector<std::string>{"x"};
    const auto result = bench.run(std::move(spec));
    REQUIRE(result);
    std::string all;
    for (const auto& each : result->notes) all += each + '\n';
    return all;
  };
  const char* bound = R"(["dind-executor.build.memory=1073741824","dind-executor.build.pids=99"])";
  CHECK_FALSE(notes(bound).contains("BuildKit"));  // B12: no note
  CHECK(notes("[]").contains("BuildKit's steps have no bounds on this engine"));
  CHECK_FALSE(notes(bound).contains("BuildKit"));
}

TEST_CASE("A cancel is answered at once while the engine is asked for the limit of BuildKit's steps") {
  auto settings = policy();
  settings.build.builder = Builder::buildkit;
  RunBench bench(settings);
  bench.fake.on("GET", "/info", FakeReply::silence());
  const auto active = bench.begin(dockerfile());
  REQUIRE(bench.until([&] { return bench.fake.count("GET", "/info") == 1; }));
  bench.stop_and_check(active);
}

TEST_CASE("For the classic builder, a LABEL line follows each FROM line, and nothing else changes") {
  RunBench bench(policy());
  streams(bench, R"({"errorDetail":{"code":1,"message":"over"}})");
  REQUIRE(bench.run(dockerfile("FROM a AS x\nRUN y\nFROM x\n")));
  const auto sent = body_of(bench, "/build");
  CHECK(
      sent.contains("FROM a AS x\nLABEL dind-executor.built=build\nRUN y\nFROM x\nLABEL dind-executor.built=build\n"));
}

TEST_CASE("A Dockerfile that makes the engine download files is refused before a build request is sent") {
  RunBench bench(policy());
  for (const char* text : {"FROM a\nADD http://x/f /\n", "FROM a\nONBUILD ADD . /\nADD x${X%y} /\n"}) {
    const auto result = bench.run(dockerfile(text));
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::invalid_request);
  }
  bench.fake.on("GET", "/images/b/json",
                FakeReply::json(200, R"({"Id":"sha256:77","Config":{"OnBuild":["ADD https://x/f /"]}})"));
  const auto result = bench.run(dockerfile("FROM b\n"));
  REQUIRE(!result);
  CHECK(result.error().message.contains("ADD https://x/f"));
  CHECK(bench.fake.count("POST", "/build") == 0);
}

}  // namespace build_faults_test
