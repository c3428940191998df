// A run with internet access, on an engine that loses its network or does not start its egress filter.

#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"

namespace network_faults_test {

using namespace dind;
using namespace dind::faults;

namespace {

constexpr const char* kList = R"([{"Id":"n","Name":"dind-executor-internet-1","Created":"2026-01-01T00:00:00Z",)"
                              R"("Labels":{"dind-executor.cache":"internet"}}])";

struct NetworkBench : RunBench {
  NetworkBench() {
    weaken = [](nlohmann::json& container) {
      if (container["Name"].get<std::string>().contains(".egress-filter"))
        container["HostConfig"]["CapAdd"] = nlohmann::json::array({"NET_ADMIN"});
    };
    fake.on("GET", "/networks", FakeReply::json(200, kList));
    fake.on("POST", "/containers/*/wait", FakeReply::json(200, R"({"StatusCode":0})"));
  }
  // The first start of a container whose name contains `name` fails with this message.
  void fail_first_start(const std::string& name, int status, const std::string& message) {
    fake.on("POST", "/containers/*/start", [this, name, status, message](const FakeRequest& request) {
      if (!request.path.contains(name) || failed++ > 0) return FakeReply{.status = 204};
      return FakeReply::json(status, nlohmann::json{{"message", message}}.dump());
    });
  }
  static RunSpec spec() {
    auto wanted = python();
    wanted.network = Network::internet;
    return wanted;
  }
  std::atomic<int> failed = 0;
};

}  // namespace

TEST_CASE("An egress filter whose start met a fault of the runtime is started once more") {
  NetworkBench bench;
  bench.fail_first_start(".egress-filter", 500, "error mounting \"x\": possibly malicious path detected (deleted)");
  CHECK(bench.run(NetworkBench::spec()));
  CHECK(bench.failed == 2);
}

TEST_CASE("An egress filter that does not start for another reason ends the run at once") {
  NetworkBench bench;
  bench.fail_first_start(".egress-filter", 500, "no space left on device");
  CHECK_FALSE(bench.run(NetworkBench::spec()));
  CHECK(bench.failed == 1);
}

TEST_CASE("A run whose network was removed looks for the network again and starts another sandbox") {
  NetworkBench bench;
  bench.fail_first_start("dind-", 404, "network dind-executor-internet-1 not found");
  CHECK(bench.run(NetworkBench::spec()));
  CHECK(bench.fake.count("GET", "/networks") == 2);
}

TEST_CASE("A run whose network is missed when its container is created takes another sandbox") {
  NetworkBench bench;
  std::atomic<int> created = 0;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    if (!request.body.contains("dind-executor-internet-1") || created++ > 0) return bench.create(request);
    return FakeReply::json(
        404, R"({"message":"unable to find network with name or ID dind-executor-internet-1: network not found"})");
  });
  CHECK(bench.run(NetworkBench::spec()));
  CHECK(bench.fake.count("GET", "/networks") == 2);
}

TEST_CASE("Of networks that were created at the same moment, the oldest is used and the others are removed") {
  NetworkBench bench;
  std::string created;  // written and read by the fake's thread, before the bench reads it
  bench.fake.on("GET", "/networks", [&](const FakeRequest&) {
    auto list = nlohmann::json::parse(kList);
    if (created.empty()) list.clear();
    if (!created.empty()) list.push_back({{"Id", "own"}, {"Name", created}, {"Created", "2026-01-02T00:00:00Z"}});
    return FakeReply::json(200, list.dump());
  });
  bench.fake.on("POST", "/networks/create", [&](const FakeRequest& request) {
    created = nlohmann::json::parse(request.body)["Name"];
    return FakeReply::json(201, R"({"Id":"own"})");
  });
  bench.fake.on("DELETE", "/networks/*", FakeReply{.status = 204});
  CHECK(bench.run(NetworkBench::spec()));
  CHECK(created.starts_with("dind-executor-internet-"));
  CHECK(bench.fake.count("DELETE", "/networks/own") == 1);
  CHECK(bench.fake.count("DELETE", "/networks/n") == 0);
}

TEST_CASE("A process may end while it looks for the network") {
  NetworkBench bench;
  bench.fake.on("GET", "/networks", FakeReply::silence());
  const auto active = bench.begin(NetworkBench::spec());
  REQUIRE(bench.until([&] { return bench.fake.count("GET", "/networks") == 1; }));
  active->cancel.cancel(CancelReason::shutdown);  // the call is still suspended when the bench is destroyed
}

}  // namespace network_faults_test
