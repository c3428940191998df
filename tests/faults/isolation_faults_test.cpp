// gVisor on engines with it, without it, or with it later. Also ends of sandboxes that only the engine's events report.
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace isolation_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

RunSpec isolated(std::optional<Isolation> isolation, Network network = Network::none) {
  auto spec = python();
  spec.isolation = isolation;
  spec.network = network;
  return spec;
}

void has_runtimes(RunBench& bench, const std::string& runtimes) {
  bench.fake.on("GET", "/info", FakeReply::json(200, R"({"NCPU":2,"Runtimes":)" + runtimes + "}"));
}

std::vector<nlohmann::json> created(const RunBench& bench) {
  std::vector<nlohmann::json> all;
  for (const auto& request : bench.fake.requests())
    if (request.path == "/containers/create") all.push_back(nlohmann::json::parse(request.body)["HostConfig"]);
  return all;
}

const std::string kBoth = R"({"runc":{},"runsc":{"path":"/usr/bin/runsc"}})";

}  // namespace

TEST_CASE("Without gVisor on the engine, a run returns an error with a remedy, and the next run checks again") {
  RunBench bench;
  has_runtimes(bench, R"({"runc":{}})");
  for (int i = 0; i < 2; ++i) {
    const auto result = bench.run(isolated(Isolation::gvisor));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::engine_error);
    for (const char* part : {"has no gVisor", "Install runsc", "--platform=ptrace", "or run with isolation runc"})
      CHECK(result.error().message.contains(part));
  }
  CHECK(bench.fake.count("GET", "/info") == 2);
  CHECK(created(bench).empty());
  has_runtimes(bench, kBoth);
  (void)bench.run(isolated(Isolation::gvisor));
  CHECK(created(bench).size() == 1);
}

TEST_CASE("An engine with gVisor is asked once for its runtimes, and sandboxes are created with runsc") {
  RunBench bench;
  has_runtimes(bench, kBoth);
  for (int i = 0; i < 2; ++i) (void)bench.run(isolated(Isolation::gvisor));
  CHECK(bench.fake.count("GET", "/info") == 1);
  REQUIRE(created(bench).size() == 2);
  for (const auto& host : created(bench)) {
    CHECK(host["Runtime"] == "runsc");
    CHECK(host["NetworkMode"] == "none");
  }
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("A sandbox that the engine created without gVisor is never started") {
  RunBench bench;
  has_runtimes(bench, kBoth);
  bench.weaken = [](nlohmann::json& reply) { reply["HostConfig"]["Runtime"] = "runc"; };
  const auto result = bench.run(isolated(Isolation::gvisor));
  REQUIRE_FALSE(result);
  CHECK(result.error().message.contains("Runtime: asked runsc, reported runc"));
  CHECK(bench.fake.count("POST", "/containers/*/start") == 0);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("A caller can request gVisor if runc is configured, but can't turn off a configured gVisor") {
  struct Case {
    Isolation configured;
    std::optional<Isolation> asked;
    bool gvisor;
  };
  for (const auto& [configured, asked, gvisor] :
       {Case{Isolation::runc, {}, false}, Case{Isolation::runc, Isolation::runc, false},
        Case{Isolation::runc, Isolation::gvisor, true}, Case{Isolation::gvisor, {}, true},
        Case{Isolation::gvisor, Isolation::gvisor, true}, Case{Isolation::gvisor, Isolation::runc, true}}) {
    RunBench bench({.isolation = configured});
    has_runtimes(bench, kBoth);
    (void)bench.run(isolated(asked));
    REQUIRE(created(bench).size() == 1);
    CHECK(created(bench)[0].contains("Runtime") == gvisor);
    CHECK(bench.wait_all_removed());
  }
}

TEST_CASE("If a configured gVisor is missing, the remedy names the configuration and not the caller's field") {
  RunBench bench({.isolation = Isolation::gvisor});
  has_runtimes(bench, R"({"runc":{}})");
  const auto result = bench.run(isolated(Isolation::runc));
  REQUIRE_FALSE(result);
  CHECK(result.error().message.contains("\"isolation\" in the configuration"));
  CHECK_FALSE(result.error().message.contains("run with isolation runc"));
}

TEST_CASE("A gVisor run with a network is refused before any request to the engine") {
  for (const auto configured : {Isolation::runc, Isolation::gvisor}) {
    RunBench bench({.isolation = configured});
    const auto result = bench.run(isolated(Isolation::gvisor, Network::internet));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::invalid_request);
    CHECK(result.error().message.contains("no network"));
    CHECK(bench.fake.requests().empty());
  }
}

TEST_CASE("The engine's events show whether a sandbox ended by its memory limit, by its program or from outside") {
  const auto event = [](const char* action, const char* attributes) {
    return std::string(R"({"Type":"container","Action":")") + action + R"(","Actor":{"ID":"x","Attributes":)" +
           attributes + "}}\n";
  };
  const auto end = [&](const std::string& events, FakeReply::Then then) {
    RunBench bench;
    bench.fake.on("POST", "/containers/*/attach",
                  supervised(ready() + began() + output("so far"), FakeReply::Then::close));
    FakeReply reply = FakeReply::json(200, events);
    reply.then = then;
    reply.chunked = true;
    bench.fake.on("GET", "/events", reply);
    auto result = bench.run(python());
    CHECK(bench.wait_all_removed());
    return result;
  };
  const std::string begun = event("create", "{}") + event("start", "{}");
  for (const auto then : {FakeReply::Then::hang, FakeReply::Then::keep}) {
    const auto result = end(begun + event("oom", "{}") + event("die", R"({"exitCode":"137"})"), then);
    REQUIRE(result);
    CHECK(result->verdict == Verdict::out_of_memory);
    CHECK(result->oom_seen);
    CHECK(result->stdout_bytes == 6);
  }
  // S02: there is no kill event, so nothing outside of the sandbox ended it.
  for (const char* code : {R"({"exitCode":"137"})", R"({"exitCode":"0"})", R"({"exitCode":"71"})"}) {
    const auto result = end(begun + event("die", code), FakeReply::Then::keep);
    REQUIRE(result);
    CHECK(result->verdict == Verdict::signalled);
    CHECK(result->stdout_bytes == 6);
  }
  for (const auto& events : {begun + event("kill", R"({"signal":"9"})") + event("die", R"({"exitCode":"137"})"),
                             std::string("{}\n[1]\nnonsense\n"), std::string()}) {
    const auto result = end(events, FakeReply::Then::keep);
    REQUIRE_FALSE(result);
    CHECK(result.error().message.contains("removed while the program ran"));
  }
}

}  // namespace isolation_faults_test
