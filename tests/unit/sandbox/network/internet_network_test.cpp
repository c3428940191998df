#include "sandbox/network/internet_network.hpp"

#include <catch2/catch_test_macros.hpp>

namespace internet_network_test {

using namespace dind;
using namespace dind::sandbox;
using Networks = std::vector<engine::NetworkSummary>;

namespace {

engine::NetworkSummary network(std::string id, std::string name, std::string created) {
  return {.id = std::move(id), .name = std::move(name), .labels = {}, .created = std::move(created)};
}

}  // namespace

TEST_CASE("All processes choose the same network, whatever the order of the engine's list") {
  Networks networks{network("1", "dind-executor-internet-b", "2026-01-02T00:00:00.2Z"),
                    network("2", "dind-executor-internet-a", "2026-01-02T00:00:00.3Z"),
                    network("3", "dind-executor-internet-c", "2026-01-02T00:00:00.2Z")};
  CHECK(choose_internet_network(networks) == "dind-executor-internet-b");
  std::ranges::reverse(networks);
  CHECK(choose_internet_network(networks) == "dind-executor-internet-b");
}

TEST_CASE("A name that two networks have is not chosen, because the engine refuses it") {
  Networks networks{network("1", "dind-executor-internet", "2026-01-01T00:00:00Z"),
                    network("2", "dind-executor-internet", "2026-01-01T00:00:00Z")};
  CHECK(choose_internet_network(networks).empty());
  networks.push_back(network("3", "dind-executor-internet-a", "2026-01-02T00:00:00Z"));
  CHECK(choose_internet_network(networks) == "dind-executor-internet-a");
}

TEST_CASE("The network of an older version is used; one with another name is not") {
  CHECK(choose_internet_network({network("1", "dind-executor-internet", "2026-01-01T00:00:00Z")}) ==
        "dind-executor-internet");
  CHECK(choose_internet_network({network("1", "other", "2026-01-01T00:00:00Z")}).empty());
  CHECK(choose_internet_network({}).empty());
}

TEST_CASE("A network that someone removed is recognized by the engine's words") {
  const auto missing = [](const char* message) {
    return internet_network_is_missing({ErrorCode::engine_error, message});
  };
  CHECK(missing("The engine answered 404 to 'start container': network dind-executor-internet-a not found"));
  CHECK(missing("unable to find network with name or ID dind-executor-internet-a: network not found"));
  CHECK_FALSE(missing("The engine answered 404 to 'start container': network other not found"));
  CHECK_FALSE(missing("The engine answered 404: No such container: dind-executor-internet not found"));
}

}  // namespace internet_network_test
