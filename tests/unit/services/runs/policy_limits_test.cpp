#include "services/runs/policy_limits.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

namespace policy_limits_test {

using namespace dind;
using namespace std::chrono_literals;

TEST_CASE("A limit that the caller leaves out has its default") {
  const auto granted = apply_limit_policy({}, {});
  REQUIRE(granted);
  CHECK(granted->limits == Limits{});
  CHECK(granted->notes.empty());
}

TEST_CASE("A requested limit is granted up to the max; a larger one is clamped, with a note") {
  LimitPolicy policy;
  const auto exactly = apply_limit_policy(
      policy, {.timeout = 3600s, .memory_bytes = 8LL << 30, .cpus = 64.0, .pids = 4096, .tmp_bytes = 4LL << 30});
  REQUIRE(exactly);
  CHECK(exactly->notes.empty());
  CHECK(exactly->limits.memory_bytes == 8LL << 30);
  CHECK(exactly->limits.tmp_bytes == 4LL << 30);

  const auto more = apply_limit_policy(
      policy, {.timeout = 7200s, .memory_bytes = 9LL << 30, .cpus = 65.0, .pids = 4097, .tmp_bytes = 5LL << 30});
  REQUIRE(more);
  CHECK(more->limits.timeout == 3600s);
  CHECK(more->limits.memory_bytes == 8LL << 30);
  CHECK(more->limits.cpus == 64.0);
  CHECK(more->limits.pids == 4096);
  CHECK(more->limits.tmp_bytes == 4LL << 30);
  REQUIRE(more->notes.size() == 5);
  CHECK(more->notes[0] == "timeout 7200 s is more than the maximum; 3600 s is in force");
  CHECK(more->notes[1] == "memory 9 GiB is more than the maximum; 8 GiB is in force");
  CHECK(more->notes[4] == "tmp 5 GiB is more than the maximum; 4 GiB is in force");
}

TEST_CASE("The note for a value slightly above the max gives both values exactly") {
  const auto more =
      apply_limit_policy({}, {.timeout = 3'600'001ms, .memory_bytes = (8LL << 30) + 1, .cpus = 64.0000001});
  REQUIRE(more);
  REQUIRE(more->notes.size() == 3);
  CHECK(more->notes[0] == "timeout 3600001 ms is more than the maximum; 3600000 ms is in force");
  CHECK(more->notes[1] == "memory 8589934593 bytes is more than the maximum; 8589934592 bytes is in force");
  CHECK(more->notes[2].starts_with("cpus 64.0000001"));
  CHECK(more->notes[2].ends_with("; 64 is in force"));
}

TEST_CASE("A max below a default is applied without a note, because the caller requested nothing") {
  LimitPolicy policy;
  policy.max.timeout = 5s;
  policy.max.tmp_bytes = 2 << 20;
  const auto granted = apply_limit_policy(policy, {});
  REQUIRE(granted);
  CHECK(granted->limits.timeout == 5s);
  CHECK(granted->limits.tmp_bytes == 2 << 20);
  CHECK(granted->notes.empty());
}

TEST_CASE("Zero, negative and infinite limits are rejected by name and never mean unlimited") {
  struct Case {
    void (*ask)(LimitsRequest& request);
    std::string_view named;
  };
  const Case cases[] = {{[](LimitsRequest& r) { r.timeout = 0ms; }, "timeout"},
                        {[](LimitsRequest& r) { r.timeout = -1ms; }, "timeout"},
                        {[](LimitsRequest& r) { r.memory_bytes = 0; }, "memory"},
                        {[](LimitsRequest& r) { r.memory_bytes = -1; }, "memory"},
                        {[](LimitsRequest& r) { r.memory_bytes = 1024; }, "memory"},
                        {[](LimitsRequest& r) { r.cpus = 0.0; }, "cpus"},
                        {[](LimitsRequest& r) { r.cpus = -2.0; }, "cpus"},
                        {[](LimitsRequest& r) { r.cpus = 0.001; }, "cpus"},
                        {[](LimitsRequest& r) { r.cpus = std::nan(""); }, "cpus"},
                        {[](LimitsRequest& r) { r.cpus = std::numeric_limits<double>::infinity(); }, "cpus"},
                        {[](LimitsRequest& r) { r.pids = 0; }, "pids"},
                        {[](LimitsRequest& r) { r.pids = -1; }, "pids"},
                        {[](LimitsRequest& r) { r.pids = 1; }, "pids must be at least 2"},
                        {[](LimitsRequest& r) { r.tmp_bytes = 0; }, "tmp"},
                        {[](LimitsRequest& r) { r.tmp_bytes = -1; }, "tmp"},
                        {[](LimitsRequest& r) { r.tmp_bytes = 4096; }, "tmp must be at least 1 MiB"}};
  for (const auto& c : cases) {
    LimitsRequest request;
    c.ask(request);
    const auto granted = apply_limit_policy({}, request);
    REQUIRE_FALSE(granted);
    CHECK(granted.error().code == ErrorCode::invalid_request);
    CHECK(granted.error().message.starts_with(c.named));
  }
}

}  // namespace policy_limits_test
