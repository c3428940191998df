#include "services/builds/buildkit_notes.hpp"

#include <catch2/catch_test_macros.hpp>

namespace buildkit_notes_test {

using namespace dind;

namespace {

constexpr engine::BuildkitBound kBound{.memory_bytes = 2LL << 30, .pids = 1024};

}  // namespace

TEST_CASE("A BuildKit build gets a short note only if its steps have no bounds") {  // B12
  CHECK(buildkit_note(kBound).empty());
  CHECK(buildkit_note({}).contains("no bounds"));
  CHECK(buildkit_note({}).contains("doctor"));
  CHECK(buildkit_note({}).size() < 80);
  CHECK(buildkit_killed_note(kBound).contains("2 GiB of memory (DIND_BUILD_MEMORY"));
}

}  // namespace buildkit_notes_test
