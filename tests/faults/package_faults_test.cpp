// Dependencies: the operator's secrets, CPU limits, lost installers, networks, and the total timeout.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace package_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPassword = "hunter2-of-the-index";

struct PackageBench : RunBench {
  explicit PackageBench(RunPolicy policy) : RunBench(std::move(policy)) {
    fake.on("GET", "/info", FakeReply::json(200, R"({"NCPU":2})"));
    fake.on("GET", "/networks", FakeReply::json(200, R"([{"Id":"n","Name":"dind-executor-internet"}])"));
    fake.on("POST", "/containers/*/wait", FakeReply::json(200, R"({"StatusCode":0})"));
    fake.on("DELETE", "/volumes/*", FakeReply{.status = 204});
  }
  RunSpec spec() const {
    auto wanted = python();
    wanted.dependencies = {"six"};
    return wanted;
  }
  std::vector<std::int64_t> nano_cpus_asked() const {
    std::vector<std::int64_t> asked;
    for (const auto& request : fake.requests())
      if (request.path == "/containers/create")
        asked.push_back(nlohmann::json::parse(request.body)["HostConfig"].value("NanoCpus", std::int64_t{0}));
    return asked;
  }
};

RunPolicy with_index() {
  RunPolicy policy;
  policy.packages.limits.cpus = 8;
  policy.packages.env = {{"PIP_INDEX_URL", std::string("https://me:") + kPassword + "@index.example/simple"},
                         {"INDEX_TOKEN", "token-of-the-operator"}};
  return policy;
}

}  // namespace

TEST_CASE("An installer's output hides the operator's secrets, and its CPU limit does not exceed the engine's CPUs") {
  PackageBench bench(with_index());
  const std::string text = std::string("Looking in https://me:") + kPassword + "@index.example/simple\n";
  const std::string words = output(text.substr(0, 25)) + output(text.substr(25)) +
                            output("no token-of-the-operator here", supervision::kStderr);
  bench.fake.on("POST", "/containers/*/attach",
                supervised(ready() + began() + words + exited(1), FakeReply::Then::hang));
  const auto active = bench.begin(bench.spec());
  const auto answer = bench.finish(active);
  INFO((answer ? "" : answer.error().message));
  REQUIRE(answer);
  CHECK(answer->stage == Stage::dependencies);
  for (const auto& heard : {active->sink.output, active->sink.stages}) {
    INFO(heard);
    CHECK_FALSE(heard.contains("hunter2"));
    CHECK_FALSE(heard.contains("token-of-the-operator"));
    CHECK(heard.contains("Looking in •••"));
  }
  CHECK(active->sink.output.ends_with("no ••• here"));
  const auto asked = bench.nano_cpus_asked();
  CHECK(std::ranges::count(asked, 2'000'000'000) == 1);
  CHECK(std::ranges::all_of(asked, [](std::int64_t cpus) { return cpus <= 2'000'000'000; }));
  CHECK(bench.wait_all_removed());
}

TEST_CASE("If the sandbox of an installer is lost, the error says that packages were being installed") {  // R03
  for (const bool connection : {true, false}) {
    INFO(connection);
    PackageBench bench({});
    bench.weaken = [&](nlohmann::json& reply) { reply["State"] = {{"Running", connection}}; };
    bench.fake.on("POST", "/containers/*/attach",
                  supervised(ready() + began() + output("Collecting six\n"), FakeReply::Then::close));
    const auto active = bench.begin(bench.spec());
    const auto answer = bench.finish(active);
    REQUIRE_FALSE(answer);
    INFO(answer.error().message);
    CHECK(answer.error().code == (connection ? ErrorCode::engine_unavailable : ErrorCode::engine_error));
    CHECK(
        answer.error().message.contains(connection ? "The connection to the engine at " : "The sandbox was removed "));
    CHECK(answer.error().message.contains(" while its packages were installed"));
    CHECK_FALSE(answer.error().message.contains("output"));
    CHECK_FALSE(active->sink.started);
    CHECK(bench.wait_all_removed());
    CHECK(bench.container_count() == 0);
  }
}

TEST_CASE("If the internet is not allowed, dependencies are refused for a caller's image, not for a recipe's image") {
  RunPolicy policy;
  policy.limits.allow_internet = false;
  policy.packages.enabled = true;  // the operator allows it, for a private index
  PackageBench bench(std::move(policy));
  const auto refused = bench.run(bench.spec());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_request);
  CHECK(refused.error().message.contains("limits.allowInternet"));
  CHECK(bench.fake.count("POST", "/containers/create") == 0);

  auto spec = bench.spec();
  spec.image.reset();
  bench.fake.on("POST", "/containers/*/attach", supervised(whole_run(), FakeReply::Then::hang));
  const auto ran = bench.run(spec);
  INFO((ran ? "" : ran.error().message));
  REQUIRE(ran);
  CHECK(ran->verdict == Verdict::ok);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("P26: the last line of an installer is reported exactly once, even directly after other lines") {
  for (const std::string end : {"\n", "", "\r\n"}) {
    PackageBench bench{RunPolicy{}};
    std::string words;
    for (int i = 0; i < 50; ++i) words += "Collecting package " + std::to_string(i) + "\n";
    words += "Successfully installed six-1.16.0" + end;
    bench.fake.on("POST", "/containers/*/attach",
                  supervised(ready() + began() + output(words) + exited(0), FakeReply::Then::hang));
    const auto active = bench.begin(bench.spec());
    const auto answer = bench.finish(active);
    INFO((answer ? "" : answer.error().message));
    REQUIRE(answer);
    CHECK(answer->verdict == Verdict::ok);
    INFO(active->sink.stages);
    const std::string told = "dependencies:Successfully installed six-1.16.0;";
    const auto at = active->sink.stages.find(told);
    REQUIRE(at != std::string::npos);
    CHECK(active->sink.stages.find(told, at + 1) == std::string::npos);
    CHECK(bench.wait_all_removed());
  }
}

TEST_CASE("If the total timeout passes while the program runs, a note says so") {
  RunBench bench;
  bench.fake.on("POST", "/containers/*/attach", supervised(ready() + began(), FakeReply::Then::hang));
  auto spec = python();
  spec.total_timeout = 300ms;
  const auto answer = bench.run(spec);
  REQUIRE(answer);
  CHECK(answer->verdict == Verdict::timeout);
  CHECK_FALSE(answer->cancel_reason);
  CHECK(std::ranges::count(answer->notes, "the total timeout of 300 ms passed while its program ran") == 1);
  CHECK(bench.wait_all_removed());
}

}  // namespace package_faults_test
