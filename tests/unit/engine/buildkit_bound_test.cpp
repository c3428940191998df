#include "engine/buildkit_bound.hpp"

#include <catch2/catch_test_macros.hpp>

namespace buildkit_bound_test {

using namespace dind;

TEST_CASE("The limit on BuildKit's steps is read from two numeric labels of the engine") {
  const auto read = [](std::string memory, std::string pids) {
    return engine::parse_buildkit_bound(
        {{"dind-executor.build.memory", std::move(memory)}, {"dind-executor.build.pids", std::move(pids)}, {"x", "y"}});
  };
  const auto bound = read("2147483648", "1024");
  REQUIRE(bound);
  CHECK(bound->memory_bytes == 2147483648);
  CHECK(bound->pids == 1024);
  for (const char* none : {"", "0", "-1", "2G", "1 ", "99999999999999999999"}) {
    CHECK(!read(none, "1024"));
    CHECK(!read("2147483648", none));
  }
  CHECK(!engine::parse_buildkit_bound({}));
  CHECK(!engine::parse_buildkit_bound({{"dind-executor.build.memory", "1"}}));
}

}  // namespace buildkit_bound_test
