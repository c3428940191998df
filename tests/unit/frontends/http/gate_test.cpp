#include "frontends/http/gate.hpp"

#include <catch2/catch_test_macros.hpp>

#include "frontends/http/listen_address.hpp"
#include "support/ids.hpp"

namespace gate_test {

using namespace dind;
using namespace dind::frontends::http;

namespace {

const Gate& gate() {
  static const Gate one({.hosts = {"Executor.Internal", "192.0.2.7"}, .origins = {"https://app.example"}});
  return one;
}

const Gate& with_tokens() {
  static const Gate one({.origins = {"https://app.example"},
                         .tokens = Tokens({{.text = "first-token"}, {.text = "second-token", .is_operator = true}})});
  return one;
}

int gate_status(std::vector<std::string> hosts, std::string target = "/runs", std::optional<std::string> origin = {}) {
  const auto refused =
      gate().refuse_host_or_origin({.target = std::move(target), .hosts = std::move(hosts), .origin = origin});
  return refused ? refused->status : 200;
}

std::string client(std::optional<std::string> authorization) {
  const auto caller = with_tokens().authenticate({.authorization = std::move(authorization)});
  return caller ? caller->client : "nobody";
}

}  // namespace

TEST_CASE("Loopback names and configured names are accepted as Host, with any port") {
  for (const char* host : {"localhost", "LOCALHOST:8000", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:8000",
                           "executor.internal", "EXECUTOR.internal:80", "localhost:", "192.0.2.7:8000"}) {
    INFO(host);
    CHECK(gate_status({host}) == 200);
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.evil.example", "127.0.0.1.evil.example",
                           "192.0.2.8", "[::2]", "0.0.0.0", "127.1", "executor.internal.evil.example"}) {
    INFO(host);
    CHECK(gate_status({host}) == 403);
  }
  for (const char* host : {"", ":8000", "localhost:80:80", "localhost:x", "[::1", "localhost:1234567"}) {
    INFO(host);
    CHECK(gate_status({host}) == 400);
  }
}

TEST_CASE("A request must have exactly one Host field, and the host in its target is also checked") {
  CHECK(gate_status({}) == 400);
  CHECK(gate_status({"localhost", "localhost"}) == 400);
  CHECK(gate_status({"localhost"}, "http://localhost:8000/runs") == 200);
  CHECK(gate_status({"localhost"}, "http://evil.example/runs") == 403);
  CHECK(gate_status({"localhost"}, "runs") == 400);
  CHECK(gate_status({"localhost"}, "localhost:443") == 400);
}

TEST_CASE("A request with an Origin field is refused unless exactly that origin is allowed") {
  CHECK(gate_status({"localhost"}, "/runs", "https://app.example") == 200);
  for (const char* origin : {"http://app.example", "https://app.example:443", "https://evil.example", "null", "",
                             "https://app.example.evil.example", "http://localhost"}) {
    INFO(origin);
    CHECK(gate_status({"localhost"}, "/runs", origin) == 403);
  }
}

TEST_CASE("A valid token identifies the client, and any other authorization is refused") {
  // K22: docs/operations.md has the command: printf 'client %s' first-token | sha256sum | cut -c1-16
  CHECK(client("Bearer first-token") == "token:d7cf5c1539b3590f");
  CHECK(client("bearer  second-token").starts_with("token:"));
  CHECK(client("Bearer first-token") != client("Bearer second-token"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer first-toke", "Bearer first-token2", "Bearer FIRST-TOKEN",
                            "Basic first-token", "first-token", "Bearer first-token second-token"}) {
    INFO(wrong);
    CHECK(client(wrong) == "nobody");
  }
  CHECK(client(std::nullopt) == "nobody");
  CHECK(Gate({}).authenticate({})->client == "http");
  CHECK(Gate({}).authenticate({})->is_operator);
}

TEST_CASE("A client's name depends on its token, not on the token's line, and does not reveal the token (S12)") {
  const auto name = [](const std::vector<Token>& tokens) { return Tokens(tokens).find("b-token")->client; };
  CHECK(name({{.text = "b-token"}}) == name({{.text = "a-token"}, {.text = "b-token"}}));
  CHECK_FALSE(name({{.text = "b-token"}}).contains("b-token"));
  // The name does not contain the hash that the server compares tokens with.
  CHECK_FALSE(sha256("b-token").starts_with(name({{.text = "b-token"}}).substr(6)));
}

TEST_CASE("Only a token with the mark operator belongs to an operator (S12)") {
  const Tokens tokens(*parse_tokens("plain\nboss operator\n  tabbed\toperator \r\n", "F"));
  CHECK_FALSE(tokens.find("plain")->is_operator);
  CHECK(tokens.find("boss")->is_operator);
  CHECK(tokens.find("tabbed")->is_operator);
  CHECK_FALSE(tokens.find("boss operator"));
  CHECK(tokens.find("plain")->visible_client() == tokens.find("plain")->client);
  CHECK_FALSE(tokens.find("boss")->visible_client());
}

TEST_CASE("Probes and requests to a server with tokens may use any host name (K17)") {
  const auto status = [](const Gate& asked, std::vector<std::string> hosts, std::string target, unsigned version,
                         std::optional<std::string> origin = {}) {
    const auto refused = asked.refuse_host_or_origin(
        {.target = std::move(target), .hosts = std::move(hosts), .origin = std::move(origin), .version = version});
    return refused ? refused->status : 200;
  };
  for (const char* path : {"/livez", "/readyz", "/healthz", "/healthz?verbose"}) {
    INFO(path);
    for (const char* host : {"10.244.1.7:8000", "pod.example", "[fd00::1]:80", "not a name", ""}) {
      INFO(host);
      CHECK(status(gate(), {host}, path, 11) == 200);
      CHECK(status(with_tokens(), {host}, path, 11) == 200);
    }
    CHECK(status(gate(), {}, path, 10) == 200);
    CHECK(status(gate(), {}, path, 11) == 400);  // RFC 9112, 3.2
    CHECK(status(gate(), {"a", "b"}, path, 11) == 400);
    CHECK(status(gate(), {"a"}, path, 11, "https://evil.example") == 403);
  }
  for (const char* path : {"/runs", "/metrics", "/healthz/x", "/livezz"}) {
    INFO(path);
    CHECK(status(gate(), {"10.244.1.7"}, path, 11) == 403);
    CHECK(status(gate(), {}, path, 10) == 400);
    CHECK(status(with_tokens(), {"10.244.1.7"}, path, 11) == 200);
    CHECK(status(with_tokens(), {}, path, 10) == 200);
    CHECK(status(with_tokens(), {"x"}, path, 11, "https://evil.example") == 403);
  }
}

TEST_CASE("A request target is a path with a query, optionally with scheme and host before it") {
  CHECK(parse_request_target("/runs?limit=3")->path == "/runs");
  CHECK(parse_request_target("/runs?limit=3")->query == "limit=3");
  CHECK(parse_request_target("HTTP://h:1?x")->host == "h:1");
  CHECK(parse_request_target("http://h")->path == "/");
  CHECK(parse_request_target("*")->path == "*");
  CHECK_FALSE(parse_request_target(""));
  CHECK_FALSE(parse_request_target("https://h/"));
}

TEST_CASE("A token file has one token in each line, and the error for a wrong file shows no token") {
  CHECK(parse_tokens("\xEF\xBB\xBFone\r\n", "F") == std::vector<Token>{{.text = "one"}});  // from a Windows editor
  CHECK(parse_tokens("# ours\n\n  one \r\ntwo", "F") == std::vector<Token>{{.text = "one"}, {.text = "two"}});
  for (const char* wrong : {"", "\n# only this\n", "two words", "\xc3\xa9", "bell\a"}) {
    const auto tokens = parse_tokens(wrong, "F");
    REQUIRE_FALSE(tokens);
    CHECK(tokens.error().message.starts_with("F holds"));
    CHECK_FALSE(tokens.error().message.contains("words"));
  }
}

TEST_CASE("A listen address is an IP address and a port") {
  const auto one = parse_listen_address("127.0.0.1:8000");
  REQUIRE(one);
  CHECK(one->loopback);
  CHECK(url_of(*one) == "http://127.0.0.1:8000");
  CHECK(parse_listen_address("localhost:1")->address == "127.0.0.1");
  CHECK(url_of(*parse_listen_address("[::1]:9")) == "http://[::1]:9");
  CHECK_FALSE(parse_listen_address("0.0.0.0:8000")->loopback);
  CHECK_FALSE(parse_listen_address("[::]:8000")->loopback);
  for (const char* wrong : {"", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80",
                            "[127.0.0.1]:80", "host.example:80", "127.0.0.1:80 ", "127.0.0.1:-1"}) {
    INFO(wrong);
    CHECK_FALSE(parse_listen_address(wrong));
  }
}

}  // namespace gate_test
