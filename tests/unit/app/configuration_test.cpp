#include "app/configuration.hpp"

#include <stdlib.h>  // setenv
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

namespace configuration_test {

using namespace dind;
using namespace dind::app;
using namespace std::chrono_literals;

namespace {

// Sets HOME to a temporary folder. The destructor restores the environment variables.
class SandboxContext {
 public:
  SandboxContext() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dind-configuration-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    for (const char* variable : {"HOME", "DIND_CONFIG", "DIND_ENABLED"}) {
      const char* value = getenv(variable);
      before_.emplace_back(variable, value != nullptr ? std::optional<std::string>(value) : std::nullopt);
    }
    setenv("HOME", folder_.c_str(), 1);
    unsetenv("DIND_CONFIG");
    unsetenv("DIND_ENABLED");
  }
  ~SandboxContext() {
    for (const auto& [variable, value] : before_) {
      if (value)
        setenv(variable.c_str(), value->c_str(), 1);
      else
        unsetenv(variable.c_str());
    }
    std::filesystem::remove_all(folder_);
  }
  std::string write(const std::string& path, std::string_view text) const {
    const auto whole = folder_ / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
    return whole.string();
  }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

}  // namespace

TEST_CASE("The configuration file sets limits, images, queue sizes and the engine's address") {
  const auto read = parse_configuration(R"({
    // comments are welcome
    "limits": {
      "defaults": {"timeout": 30, "memory": "256m", "cpus": 0.5, "pids": 64, "tmp": "16m", "openFiles": 128, "fileSize": 1048576, "output": "1g"},
      "max": {"timeout": "2m", "memory": "1g", "cpus": 2, "pids": 512},
      "allowInternet": false
    },
    "images": {"python": "python:3.13-slim", "js": "node:24-slim"},
    "concurrentRuns": 4, "queuedRuns": 0, "concurrentRunsPerClient": 2, "queuedRunsPerClient": 7,
    "engine": {"host": "tcp://dind:2375"}
  })",
                                        "c.json");
  REQUIRE(read);
  const auto& defaults = read->limits.defaults;
  CHECK(defaults == Limits{.timeout = 30s,
                           .memory_bytes = 256LL << 20,
                           .cpus = 0.5,
                           .pids = 64,
                           .tmp_bytes = 16LL << 20,
                           .open_files = 128,
                           .file_bytes = 1 << 20,
                           .output_bytes = 1LL << 30});
  CHECK(read->limits.max.timeout == 2min);
  CHECK(read->limits.max.cpus == 2.0);
  CHECK(read->limits.max.output_bytes == LimitPolicy{}.max.output_bytes);
  CHECK_FALSE(read->limits.allow_internet);
  CHECK(read->images ==
        std::map<std::string, std::string>{{"python", "python:3.13-slim"}, {"javascript", "node:24-slim"}});
  CHECK(read->concurrent_runs == 4);
  CHECK(read->queued_runs == 0);
  CHECK(read->concurrent_runs_per_client == 2);
  CHECK(read->queued_runs_per_client == 7);
  CHECK(read->docker_host == "tcp://dind:2375");
  CHECK(read->path == "c.json");
}

TEST_CASE("The pull policy and the garbage collection settings are read") {
  const auto usual = parse_configuration("{}", "c");
  REQUIRE(usual);
  CHECK(usual->pull == PullPolicy::missing);
  CHECK(usual->garbage.images_unused_for == std::chrono::hours(7 * 24));
  CHECK(usual->garbage.images_max_bytes == 10LL << 30);
  const auto own =
      parse_configuration(R"({"pull": "never", "gc": {"imagesUnusedFor": "1d", "imagesMaxBytes": "2g"}})", "c");
  REQUIRE(own);
  CHECK(own->pull == PullPolicy::never);
  CHECK(own->garbage.images_unused_for == std::chrono::hours(24));
  CHECK(own->garbage.images_max_bytes == 2LL << 30);
  for (const char* wrong : {R"({"pull": "sometimes"})", R"({"pull": true})", R"({"gc": {"imagesUnusedFor": "week"}})",
                            R"({"gc": {"imagesMaxBytes": 0}})", R"({"gc": {"images": 1}})"})
    CHECK_FALSE(parse_configuration(wrong, "c"));
}

TEST_CASE("The isolation of runs is read, and the default is runc") {
  CHECK(parse_configuration("{}", "c")->isolation == Isolation::runc);
  CHECK(parse_configuration(R"({"isolation": "runc"})", "c")->isolation == Isolation::runc);
  CHECK(parse_configuration(R"({"isolation": "gvisor"})", "c")->isolation == Isolation::gvisor);
  for (const char* wrong : {R"({"isolation": "runsc"})", R"({"isolation": true})", R"({"isolation": ""})"}) {
    const auto read = parse_configuration(wrong, "c");
    REQUIRE_FALSE(read);
    CHECK(read.error().message.contains("\"isolation\" must be \"runc\" or \"gvisor\""));
  }
}

TEST_CASE("The history's settings are read") {
  const auto usual = parse_configuration("{}", "c");
  REQUIRE(usual);
  CHECK(usual->history.enabled);
  CHECK(usual->history.path.empty());
  CHECK(usual->history.max_runs == 1000);
  CHECK(usual->history.max_age == std::chrono::hours(30 * 24));
  CHECK(usual->history.max_bytes == 64LL << 20);
  const auto own = parse_configuration(
      R"({"history": {"enabled": false, "path": "/h/x.db", "maxRuns": 5, "maxAge": "2d", "maxBytes": "1m"}})", "c");
  REQUIRE(own);
  CHECK_FALSE(own->history.enabled);
  CHECK(own->history.path == "/h/x.db");
  CHECK(own->history.max_runs == 5);
  CHECK(own->history.max_age == std::chrono::hours(48));
  CHECK(own->history.max_bytes == 1 << 20);
  for (const char* wrong :
       {R"({"history": true})", R"({"history": {"path": "x.db"}})", R"({"history": {"maxRuns": 0}})",
        R"({"history": {"maxAge": "soon"}})", R"({"history": {"max": 1}})"})
    CHECK_FALSE(parse_configuration(wrong, "c"));
}

TEST_CASE("The server's settings are read") {
  const auto usual = parse_configuration("{}", "c");
  REQUIRE(usual);
  CHECK((usual->serve.listen.empty() && usual->serve.socket.empty() && usual->serve.token_file.empty()));
  CHECK(usual->serve.socket_mode == 0600);
  CHECK(usual->serve.max_body == 32 << 20);
  const auto own = parse_configuration(
      R"({"serve": {"listen": "127.0.0.1:8000", "socket": "/run/s", "socketMode": "0660", "tokenFile": "/t",
                    "hosts": ["a", "b"], "origins": ["https://c"], "maxBody": "1m"}})",
      "c");
  REQUIRE(own);
  CHECK(own->serve.listen == "127.0.0.1:8000");
  CHECK(own->serve.socket == "/run/s");
  CHECK(own->serve.socket_mode == 0660);
  CHECK(own->serve.token_file == "/t");
  CHECK(own->serve.hosts == std::vector<std::string>{"a", "b"});
  CHECK(own->serve.origins == std::vector<std::string>{"https://c"});
  CHECK(own->serve.max_body == 1 << 20);
  for (const char* wrong :
       {R"({"serve": true})", R"({"serve": {"socket": "s"}})", R"({"serve": {"socketMode": 432}})",
        R"({"serve": {"socketMode": "rw"}})", R"({"serve": {"hosts": "a"}})", R"({"serve": {"hosts": [""]}})",
        R"({"serve": {"origins": [1]}})", R"({"serve": {"maxBody": 0}})", R"({"serve": {"token": "x"}})"}) {
    INFO(wrong);
    CHECK_FALSE(parse_configuration(wrong, "c"));
  }
}

TEST_CASE("The settings of the warm pool and of the handover are read") {
  const auto usual = parse_configuration("{}", "c");
  REQUIRE(usual);
  CHECK(usual->warm_pool.max == 4);
  CHECK(usual->warm_pool.max_idle == std::chrono::minutes(10));
  CHECK(usual->warm_languages.empty());
  CHECK(usual->handover_enabled);
  const auto own = parse_configuration(
      R"({"warmPool": {"max": 2, "maxIdle": "30s", "languages": ["python", "shell"]}, "handover": {"enabled": false}})",
      "c");
  REQUIRE(own);
  CHECK(own->warm_pool.max == 2);
  CHECK(own->warm_pool.max_idle == std::chrono::seconds(30));
  CHECK(own->warm_languages == std::vector<std::string>{"python", "shell"});
  CHECK_FALSE(own->handover_enabled);
  for (const char* wrong :
       {R"({"warmPool": 2})", R"({"warmPool": {"max": -1}})", R"({"warmPool": {"maxIdle": 0}})",
        R"({"warmPool": {"languages": ["cobol"]}})", R"({"warmPool": {"max": 1, "languages": ["python", "shell"]}})",
        R"({"handover": {"enabled": "no"}})"}) {
    INFO(wrong);
    CHECK_FALSE(parse_configuration(wrong, "c"));
  }
}

TEST_CASE("An empty configuration object leaves every default unchanged") {
  const auto read = parse_configuration("{}", "c.json");
  REQUIRE(read);
  CHECK(read->limits.defaults == Limits{});
  CHECK(read->queued_runs == 128);
  CHECK(read->concurrent_runs_per_client == 0);
  CHECK(read->queued_runs_per_client == 0);
  CHECK(read->limits.allow_internet);
}

TEST_CASE("A wrong setting is refused in one line that names the file and the field") {
  struct Case {
    std::string_view text;
    std::string_view named;
  };
  const Case cases[] = {
      {R"({"limit": {}})", "\"limit\""},
      {R"({"limits": {"default": {}}})", "\"limits.default\""},
      {R"({"limits": {"max": {"timout": 5}}})", "\"limits.max.timout\""},
      {R"({"limits": {"max": {"timeout": 0}}})", "\"limits.max.timeout\""},
      {R"({"limits": {"max": {"timeout": -1}}})", "\"limits.max.timeout\""},
      {R"({"limits": {"max": {"memory": "lots"}}})", "\"limits.max.memory\""},
      {R"({"limits": {"max": {"memory": null}}})", "\"limits.max.memory\""},
      {R"({"limits": {"max": {"memory": 0.2}}})", "\"limits.max.memory\""},
      {R"({"limits": {"defaults": {"cpus": "2"}}})", "\"limits.defaults.cpus\""},
      {R"({"limits": {"defaults": {"cpus": 0}}})", "\"limits.defaults.cpus\""},
      {R"({"limits": {"defaults": {"pids": 1.5}}})", "\"limits.defaults.pids\""},
      {R"({"limits": {"defaults": {"pids": 0}}})", "\"limits.defaults.pids\""},
      {R"({"limits": {"defaults": {"pids": 18446744073709551615}}})", "\"limits.defaults.pids\""},
      {R"({"limits": {"allowInternet": "no"}})", "\"limits.allowInternet\""},
      {R"({"limits": []})", "\"limits\""},
      {R"({"images": {"cobol": "x"}})", "\"images.cobol\""},
      {R"({"images": {"python": ""}})", "\"images.python\""},
      {R"({"concurrentRuns": -1})", "\"concurrentRuns\""},
      {R"({"queuedRunsPerClient": "half"})", "\"queuedRunsPerClient\""},
      {R"({"concurrentRunsPerClient": -1})", "\"concurrentRunsPerClient\""},
      {R"({"engine": {"url": "x"}})", "\"engine.url\""},
      {R"({"queuedRuns": 1, "queuedRuns": 2})", "duplicate key \"queuedRuns\""},
      {R"({"queuedRuns": 1,})", "not JSON"},
      {"", "is empty"},
      {"[]", "object"},
      {"{\"a\n\": \xff}", "not JSON"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    const auto read = parse_configuration(c.text, "/etc/c.json");
    REQUIRE_FALSE(read);
    INFO(read.error().message);
    CHECK(read.error().code == ErrorCode::invalid_request);
    CHECK(read.error().message.find("/etc/c.json") != std::string::npos);
    CHECK(read.error().message.find(c.named) != std::string::npos);
    CHECK(read.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("DIND_CONFIG takes precedence over the file in the home folder, and must name an existing file") {
  const SandboxContext here;
  here.write(".config/dind-executor/config.json", R"({"queuedRuns": 7})");
  CHECK(load_configuration().value().queued_runs == 7);
  const auto named = here.write("own.json", R"({"queuedRuns": 9})");
  setenv("DIND_CONFIG", named.c_str(), 1);
  const auto own = load_configuration();
  REQUIRE(own);
  CHECK(own->queued_runs == 9);
  CHECK(own->path == named);
  setenv("DIND_CONFIG", (here.folder() / "none.json").c_str(), 1);
  const auto missing = load_configuration();
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("none.json") != std::string::npos);
}

TEST_CASE("A malformed configuration file in the home folder is an error and is not ignored") {
  const SandboxContext here;
  here.write(".config/dind-executor/config.json", "{");
  CHECK_FALSE(load_configuration());
}

TEST_CASE("The values false, 0, no and off of DIND_ENABLED disable dind-executor") {
  const SandboxContext here;
  here.write(".config/dind-executor/config.json", "{}");
  CHECK(load_configuration().value().enabled);
  for (const char* no : {"false", "0", "no", "FALSE", "off"}) {
    setenv("DIND_ENABLED", no, 1);
    CHECK_FALSE(load_configuration().value().enabled);
  }
  for (const char* yes : {"true", "1", "yes", ""}) {
    setenv("DIND_ENABLED", yes, 1);
    CHECK(load_configuration().value().enabled);
  }
}

TEST_CASE("K04: the machine's CA bundle is used unless a setting or a variable names another bundle") {
  const SandboxContext here;
  const auto bundle = here.write("machine.pem", "-----BEGIN CERTIFICATE-----\n");
  const auto seen = [&](std::string_view file) {
    here.write(".config/dind-executor/config.json", file);
    return load_configuration(bundle).value().ca_bundle;
  };
  CHECK(load_configuration(bundle).value().ca_bundle == bundle);
  CHECK(seen("{}") == bundle);
  CHECK(seen(R"({"concurrentRuns": 8})") == bundle);
  CHECK(seen(R"({"caBundle": "/own.pem"})") == "/own.pem");
  setenv("DIND_CA_BUNDLE", "/variable.pem", 1);
  CHECK(seen(R"({"caBundle": "/own.pem"})") == "/variable.pem");
  unsetenv("DIND_CA_BUNDLE");
  CHECK(load_configuration(here.folder() / "nowhere.pem").value().ca_bundle == "/own.pem");
  here.write(".config/dind-executor/config.json", "{}");
  CHECK(load_configuration(here.folder() / "nowhere.pem").value().ca_bundle.empty());
}

}  // namespace configuration_test
