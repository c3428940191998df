#include "dind/network.hpp"

#include <catch2/catch_test_macros.hpp>

namespace network_test {

using namespace dind;

TEST_CASE("Networks are compared by value, and the default is Network::none") {
  CHECK(Network() == Network::none);
  CHECK(Network::none != Network::internet);
  CHECK(Network::only({"a"}) == Network::only({"a"}));
  CHECK(Network::only({"a"}) != Network::only({"b"}));
  CHECK(Network::only({}) != Network::none);
  CHECK(Network::only({"a"}).hosts().size() == 1);
  CHECK(Network::internet.hosts().empty());
}

TEST_CASE("The text of a network names the hosts that it allows") {
  CHECK(to_string(Network::none) == "none");
  CHECK(to_string(Network::internet) == "internet");
  CHECK(to_string(Network::only({"a.example", "b.example"})) == "only a.example, b.example");
}

}  // namespace network_test
