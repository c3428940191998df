#include "wire/lsp_codec.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace lsp_codec_test {

using namespace dind;
using namespace std::chrono_literals;
using Json = nlohmann::json;

TEST_CASE("Editor options are read as the protocol defines them") {
  std::vector<std::string> warnings;
  const auto options = read_lsp_options({{"timeout", 1.5},
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

TEST_CASE("An invalid editor option is ignored with a warning that names it") {
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
    const auto options = read_lsp_options({{name, value}}, warnings);
    INFO(name << " " << value);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings.front().starts_with("dind." + name));
    CHECK(options.limits.timeout == std::nullopt);
    CHECK(options.limits.memory_bytes == std::nullopt);
    CHECK(options.isolation == std::nullopt);
    CHECK(options.code_lens);
  }
}

TEST_CASE("A warning shortens a long wrong value between two characters") {
  for (std::size_t before = 50; before < 60; ++before) {
    std::vector<std::string> warnings;
    read_lsp_options({{"timeout", std::string(before, 'a') + "\U0001F600\U0001F600\U0001F600"}}, warnings);
    REQUIRE(warnings.size() == 1);
    CHECK_NOTHROW(Json(warnings.front()).dump());
  }
}

TEST_CASE("A number that is too large for any run is lowered, in settings and in requests") {
  const Json large{
      {"uri", "file:///a.py"}, {"timeout", 1e308}, {"memory", 1e300}, {"pids", 1ULL << 63}, {"cpus", 1e308}};
  std::vector<std::string> warnings;
  for (const auto& limits : {read_lsp_options(large, warnings).limits, read_run_file(large, {})->spec.limits}) {
    CHECK(limits.timeout > 24h);
    CHECK(limits.memory_bytes > 0);
    CHECK(limits.pids > 0);
    CHECK(limits.cpus > 0);
  }
  CHECK(warnings.empty());
}

TEST_CASE("A request from a newer editor may have unknown fields") {
  CHECK(read_run_file({{"uri", "file:///a.py"}, {"HostConfig", {{"Privileged", true}}}}, {}));
  CHECK(read_run_workspace({{"uri", "file:///a"}, {"binds", {"/:/host"}}}, {}));
}

TEST_CASE("Too little memory or CPU is ignored with a warning, and a tiny timeout becomes 1 ms") {
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string, Json>>{{"memory", 1}, {"memory", -1.5}, {"cpus", 1e-9}}) {
    std::vector<std::string> warnings;
    const auto options = read_lsp_options({{name, value}}, warnings);
    INFO(name << " " << value);
    CHECK(warnings.size() == 1);
    CHECK_FALSE(options.limits.timeout);
    CHECK_FALSE(options.limits.memory_bytes);
  }
  std::vector<std::string> warnings;
  CHECK(read_lsp_options({{"timeout", 1e-9}}, warnings).limits.timeout == 1ms);
  CHECK(warnings.empty());
}

TEST_CASE("The values of a request take precedence over the editor's options") {
  std::vector<std::string> warnings;
  const auto options = read_lsp_options(
      {{"timeout", 2}, {"memory", "64m"}, {"pids", 4}, {"pull", "never"}, {"network", "internet"}, {"record", false}},
      warnings);
  const auto run = read_run_file({{"uri", "file:///a.py"}, {"timeout", 1}, {"pids", 3}, {"pull", "missing"}}, options);
  REQUIRE(run);
  CHECK(run->spec.limits.timeout == 1s);
  CHECK(run->spec.limits.memory_bytes == 64 << 20);
  CHECK_FALSE(run->spec.limits.cpus);
  CHECK(run->spec.limits.pids == 3);
  CHECK(run->spec.pull == PullPolicy::missing);
  CHECK(run->spec.network == Network::internet);
  CHECK_FALSE(run->spec.record);
}

}  // namespace lsp_codec_test
