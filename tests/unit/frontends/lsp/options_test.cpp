#include "frontends/lsp/options.hpp"

#include <catch2/catch_test_macros.hpp>

namespace options_test {

using namespace dind;
using namespace dind::frontends::lsp;
using namespace std::chrono_literals;
using rpc::Json;

TEST_CASE("Options are read as the protocol has them") {
  std::vector<std::string> warnings;
  const auto options = read_options({{"timeout", 1.5},
                                     {"memory", "256m"},
                                     {"cpus", 0.5},
                                     {"pids", 64},
                                     {"network", "internet"},
                                     {"pull", "never"},
                                     {"isolation", "gvisor"},
                                     {"images", {{"python", "python:3.13"}}},
                                     {"codeLens", false},
                                     {"other", {}}},
                                    warnings);
  CHECK(warnings.empty());
  CHECK(options.limits.timeout == 1500ms);
  CHECK(options.limits.memory_bytes == 256LL << 20);
  CHECK(options.limits.cpus == 0.5);
  CHECK(options.limits.pids == 64);
  CHECK(options.network == Network::internet);
  CHECK(options.pull == PullPolicy::never);
  CHECK(options.isolation == Isolation::gvisor);
  CHECK(options.images.at("python") == "python:3.13");
  CHECK_FALSE(options.code_lens);
}

TEST_CASE("A value that can't be one is named, and is not used") {
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string, Json>>{{"timeout", "60"},
                                                                                       {"timeout", 0},
                                                                                       {"timeout", -1},
                                                                                       {"memory", true},
                                                                                       {"memory", "much"},
                                                                                       {"memory", 0},
                                                                                       {"cpus", "2"},
                                                                                       {"cpus", 0},
                                                                                       {"pids", 1.5},
                                                                                       {"pids", 0},
                                                                                       {"network", "host"},
                                                                                       {"network", 1},
                                                                                       {"network", Json{{"hosts", 1}}},
                                                                                       {"pull", "sometimes"},
                                                                                       {"pull", true},
                                                                                       {"isolation", "runsc"},
                                                                                       {"isolation", false},
                                                                                       {"images", "x"},
                                                                                       {"images", Json{{"python", 1}}},
                                                                                       {"codeLens", "no"}}) {
    std::vector<std::string> warnings;
    const auto options = read_options({{name, value}}, warnings);
    INFO(name << " " << value);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings.front().starts_with("dind." + name));
    CHECK(options.limits.timeout == std::nullopt);
    CHECK(options.limits.memory_bytes == std::nullopt);
    CHECK(options.isolation == std::nullopt);
    CHECK(options.code_lens);
  }
}

TEST_CASE("What is shown of a long wrong value is whole characters") {
  for (std::size_t before = 50; before < 60; ++before) {
    const auto limits = read_limits({{"timeout", std::string(before, 'a') + "\U0001F600\U0001F600\U0001F600"}});
    REQUIRE_FALSE(limits);
    CHECK_NOTHROW(Json(limits.error().message).dump());
  }
}

TEST_CASE("Large numbers stay in range") {
  CHECK(read_limits({{"timeout", 1e308}})->timeout > 24h);
  CHECK(read_limits({{"memory", 1e300}})->memory_bytes > 0);
  CHECK(read_limits({{"pids", 1ULL << 63}})->pids > 0);
  CHECK(read_limits({{"timeout", 1e-9}})->timeout == 1ms);
}

TEST_CASE("What the request names comes before the options") {
  const auto both = merged({.timeout = 1s, .memory_bytes = {}, .cpus = {}, .pids = 3},
                           {.timeout = 2s, .memory_bytes = 5, .cpus = {}, .pids = 4});
  CHECK(both.timeout == 1s);
  CHECK(both.memory_bytes == 5);
  CHECK_FALSE(both.cpus);
  CHECK(both.pids == 3);
}

}  // namespace options_test
