#include "services/buildkit_bound.hpp"

#include <catch2/catch_test_macros.hpp>

namespace buildkit_bound_test {

using namespace dind;
using Status = DoctorCheck::Status;

namespace {

constexpr BuildkitBound kBound{.memory_bytes = 2LL << 30, .pids = 1024};

}  // namespace

TEST_CASE("A bound on BuildKit's steps is what both labels of the engine say in numbers") {
  const auto read = [](std::string memory, std::string pids) {
    return buildkit_bound(
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
  CHECK(!buildkit_bound({}));
  CHECK(!buildkit_bound({{"dind-executor.build.memory", "1"}}));
}

TEST_CASE(
    "A build by BuildKit is told in few words that its steps have no bounds, and nothing where they have") {  // B12
  CHECK(buildkit_note(kBound).empty());
  CHECK(buildkit_note({}).contains("no bounds"));
  CHECK(buildkit_note({}).contains("doctor"));
  CHECK(buildkit_note({}).size() < 80);
  CHECK(buildkit_killed_note(kBound).contains("2 GiB of memory (DIND_BUILD_MEMORY"));
}

TEST_CASE("The doctor misses a bound where builds go by BuildKit") {
  const auto check = [](bool used, const std::optional<BuildkitBound>& bound) {
    const auto made = check_buildkit(used, bound);
    CHECK(made.name == "BuildKit");
    CHECK((made.status == Status::ok) == made.remedy.empty());
    return made;
  };
  CHECK(check(true, kBound).status == Status::ok);
  CHECK(check(true, kBound).seen.contains("2 GiB of memory and 1024 processes"));
  CHECK(check(true, {}).status == Status::warning);
  CHECK(check(true, {}).remedy.contains("docs/operations.md"));
  CHECK(check(false, {}).status == Status::ok);
  CHECK(check(false, kBound).seen.contains("not used"));
}

}  // namespace buildkit_bound_test
