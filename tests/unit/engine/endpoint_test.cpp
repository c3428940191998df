#include "engine/endpoint.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <vector>

#include "support/ids.hpp"

namespace endpoint_test {

using namespace dind;
using namespace dind::engine;

namespace {

using Map = std::map<std::string, std::string>;

Result<Endpoint> endpoint_for(const Map& environment, const Map& files = {},
                              std::optional<std::string> host = std::nullopt) {
  const auto look_up = [](const Map& map) {
    return [&map](const std::string& key) {
      const auto it = map.find(key);
      return it == map.end() ? std::nullopt : std::optional(it->second);
    };
  };
  const auto named = host ? std::optional(NamedHost{.address = *host, .origin = "--host"}) : std::nullopt;
  return find_endpoint(named, look_up(environment), look_up(files));
}

Map context_files(const std::string& name, const std::string& meta, const std::vector<std::string>& certificates = {}) {
  Map files{{"/h/.docker/contexts/meta/" + sha256(name) + "/meta.json", meta}};
  for (const auto& file : certificates) files["/h/.docker/contexts/tls/" + sha256(name) + "/docker/" + file] = "pem";
  return files;
}

}  // namespace

TEST_CASE("The engine's address is read as the docker CLI reads it") {
  struct Case {
    std::string host;
    Endpoint::Kind kind;
    std::string path_or_host;
    std::string port;
    std::string address;
  };
  const auto unix_socket = Endpoint::Kind::unix_socket;
  const auto tcp = Endpoint::Kind::tcp;
  const Case cases[] = {
      {"unix:///var/run/docker.sock", unix_socket, "/var/run/docker.sock", "", "unix:///var/run/docker.sock"},
      {"/run/user/1000/docker.sock", unix_socket, "/run/user/1000/docker.sock", "",
       "unix:///run/user/1000/docker.sock"},
      {"tcp://dind:2375", tcp, "dind", "2375", "tcp://dind:2375"},
      {"tcp://dind:2375/", tcp, "dind", "2375", "tcp://dind:2375"},
      {"tcp://dind", tcp, "dind", "2375", "tcp://dind:2375"},
      {"dind:4000", tcp, "dind", "4000", "tcp://dind:4000"},
      {"http://10.0.0.7:2375", tcp, "10.0.0.7", "2375", "tcp://10.0.0.7:2375"},
      {"tcp://[::1]:2375", tcp, "::1", "2375", "tcp://[::1]:2375"},
      {"tcp://[fe80::1]", tcp, "fe80::1", "2375", "tcp://[fe80::1]:2375"},
  };
  for (const auto& c : cases) {
    INFO(c.host);
    const auto endpoint = endpoint_for({{"DOCKER_HOST", c.host}});
    REQUIRE(endpoint);
    CHECK(endpoint->kind == c.kind);
    CHECK((c.kind == tcp ? endpoint->host : endpoint->path) == c.path_or_host);
    CHECK(endpoint->port == c.port);
    CHECK(endpoint->address == c.address);
    CHECK(endpoint->origin == "DOCKER_HOST");
    CHECK_FALSE(endpoint->tls);
  }
}

TEST_CASE("An unusable address of the engine is one error that names its source") {
  const std::pair<std::string, std::string> cases[] = {
      {"ssh://me@host", "ssh://"},
      {"npipe:////./pipe/docker_engine", "npipe://"},
      {"ftp://host", "not an engine's address"},
      {"unix://relative.sock", "absolute"},
      {"unix:///" + std::string(120, 'x'), "107"},
      {"tcp://", "host is missing"},
      {"tcp://:2375", "host is missing"},
      {"tcp://dind:", "port is missing"},
      {"tcp://dind:0", "1 to 65535"},
      {"tcp://dind:65536", "1 to 65535"},
      {"tcp://dind:2375/prefix", "1 to 65535"},
      {"tcp://user@dind:2375", "host and a port"},
      {"tcp://a b:2375", "host and a port"},
      {"tcp://[::1:2375", "bracket"},
      {"tcp://[::1]2375", "bracket"},
  };
  for (const auto& [host, part] : cases) {
    INFO(host);
    const auto endpoint = endpoint_for({{"DOCKER_HOST", host}});
    REQUIRE_FALSE(endpoint);
    CHECK(endpoint.error().code == ErrorCode::invalid_request);
    CHECK(endpoint.error().message.contains(part));
    CHECK(endpoint.error().message.contains("DOCKER_HOST"));
  }
}

TEST_CASE("The engine's address comes from the flag, else DOCKER_HOST, else a context, else the default socket") {
  auto files = context_files("remote", R"({"Endpoints":{"docker":{"Host":"tcp://remote:2375"}}})");
  files["/h/.docker/config.json"] = R"({"currentContext":"remote"})";
  CHECK(endpoint_for({})->address == "unix:///var/run/docker.sock");
  CHECK(endpoint_for({})->origin == "default");
  CHECK(endpoint_for({{"HOME", "/h"}}, files)->address == "tcp://remote:2375");
  CHECK(endpoint_for({{"HOME", "/h"}}, files)->origin == "context \"remote\"");
  CHECK(endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "default"}}, files)->origin == "default");
  CHECK(endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "remote"}, {"DOCKER_HOST", "tcp://a:1"}}, files)->address ==
        "tcp://a:1");
  CHECK(endpoint_for({{"HOME", "/h"}, {"DOCKER_HOST", ""}}, files)->address == "tcp://remote:2375");
  CHECK(endpoint_for({{"HOME", "/h"}, {"DOCKER_HOST", "tcp://a:1"}}, files, "tcp://b:2")->address == "tcp://b:2");
  CHECK(endpoint_for(Map{{"HOME", "/nowhere"}, {"DOCKER_CONFIG", "/h/.docker"}}, files)->address ==
        "tcp://remote:2375");
}

TEST_CASE("An unreadable Docker configuration counts as missing, but a missing context is an error") {
  CHECK(endpoint_for({{"HOME", "/h"}}, {{"/h/.docker/config.json", "{"}})->origin == "default");
  const auto missing = endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "gone"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.contains("\"gone\""));
  CHECK(missing.error().message.contains("docker context ls"));
  for (const std::string meta :
       {"", "{}", "[]", R"({"Endpoints":{"docker":{}}})", R"({"Endpoints":{"docker":{"Host":7}}})"}) {
    INFO(meta);
    const auto broken = endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "x"}}, context_files("x", meta));
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message.contains("broken"));
  }
}

TEST_CASE("TLS comes from the environment, with its certificates") {
  const Map certificates{{"/c/ca.pem", ""}, {"/c/cert.pem", ""}, {"/c/key.pem", ""}};
  const Map verify{{"DOCKER_HOST", "tcp://dind"}, {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/c"}};
  const auto whole = endpoint_for(verify, certificates);
  REQUIRE(whole);
  REQUIRE(whole->tls);
  CHECK(whole->port == "2376");
  CHECK(whole->tls->verify);
  CHECK(whole->tls->ca_file == "/c/ca.pem");
  CHECK(whole->tls->cert_file == "/c/cert.pem");
  CHECK(whole->tls->key_file == "/c/key.pem");

  const auto no_ca = endpoint_for(verify);
  REQUIRE_FALSE(no_ca);
  CHECK(no_ca.error().message.contains("/c/ca.pem"));
  const auto half = endpoint_for(verify, {{"/c/ca.pem", ""}, {"/c/cert.pem", ""}});
  REQUIRE_FALSE(half);
  CHECK(half.error().message.contains("/c/key.pem"));

  const auto unverified = endpoint_for({{"DOCKER_HOST", "tcp://dind:9"}, {"DOCKER_TLS", "1"}});
  REQUIRE(unverified);
  REQUIRE(unverified->tls);
  CHECK_FALSE(unverified->tls->verify);
  CHECK(endpoint_for({{"DOCKER_HOST", "https://dind:9"}})->tls->verify);
  CHECK_FALSE(endpoint_for({{"DOCKER_HOST", "unix:///s"}, {"DOCKER_TLS_VERIFY", "1"}})->tls);
}

TEST_CASE("TLS of a context comes from its own folder, not from the environment") {
  const std::string meta = R"({"Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":false}}})";
  const auto endpoint = endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "far"}, {"DOCKER_CERT_PATH", "/other"}},
                                     context_files("far", meta, {"ca.pem", "cert.pem", "key.pem"}));
  REQUIRE(endpoint);
  REQUIRE(endpoint->tls);
  CHECK(endpoint->tls->verify);
  CHECK(endpoint->tls->ca_file.starts_with("/h/.docker/contexts/tls/"));
  CHECK(endpoint->tls->key_file.ends_with("/docker/key.pem"));
  const auto skipping =
      endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "far"}},
                   context_files("far", R"({"Endpoints":{"docker":{"Host":"tcp://far","SkipTLSVerify":true}}})"));
  REQUIRE(skipping);
  REQUIRE(skipping->tls);
  CHECK_FALSE(skipping->tls->verify);
}

TEST_CASE("K25: the error for an address without // says so, and does not mention a port") {
  for (const char* host : {"unix:/x.sock", "unix:/var/run/docker.sock", "tcp:/dind:2375", "unix:", "http:/dind"}) {
    CAPTURE(host);
    const auto endpoint = endpoint_for({{"DOCKER_HOST", host}});
    REQUIRE_FALSE(endpoint);
    CHECK(endpoint.error().message.contains(std::string("DOCKER_HOST is \"") + host + "\""));
    CHECK(endpoint.error().message.contains("\"//\" is missing"));
    CHECK_FALSE(endpoint.error().message.contains("65535"));
  }
  CHECK(endpoint_for({{"DOCKER_HOST", "unix:2375"}})->host == "unix");  // a host can have the name "unix"
  const auto pipe = endpoint_for({{"DOCKER_HOST", "npipe:////./pipe/docker_engine"}});
  REQUIRE_FALSE(pipe);
  CHECK(pipe.error().message.contains("this machine runs Linux"));
}

TEST_CASE("E03: the error for an unsupported kind of address names the setting to change") {
  for (const std::string host : {"ssh://me@far", "npipe:////./pipe/docker_engine"}) {
    CAPTURE(host);
    for (const std::string origin : {"the setting dind.engine.host", "engine.host in the configuration", "--host"}) {
      const auto endpoint = find_endpoint(
          NamedHost{.address = host, .origin = origin}, [](const auto&) { return std::nullopt; },
          [](const auto&) { return std::nullopt; });
      REQUIRE_FALSE(endpoint);
      CHECK(endpoint.error().message.contains("et " + origin + " to "));
      CHECK_FALSE(endpoint.error().message.contains("DOCKER_HOST"));
    }
    CHECK(endpoint_for({{"DOCKER_HOST", host}}).error().message.contains("et DOCKER_HOST to "));
    const auto far = endpoint_for({{"HOME", "/h"}, {"DOCKER_CONTEXT", "far"}},
                                  context_files("far", R"({"Endpoints":{"docker":{"Host":")" + host + R"("}}})"));
    REQUIRE_FALSE(far);
    CHECK(far.error().message.contains("et DOCKER_HOST to "));
  }
}

}  // namespace endpoint_test
