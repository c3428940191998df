#include "engine/status.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "engine/api.hpp"
#include "engine/text.hpp"

namespace status_test {

using namespace dind;
using namespace dind::engine;

namespace {
const Endpoint kDind{.kind = Endpoint::Kind::tcp,
                     .path = "",
                     .host = "dind",
                     .port = "2375",
                     .tls = {},
                     .address = "tcp://dind:2375",
                     .origin = "DOCKER_HOST"};
const Endpoint kSocket{.kind = Endpoint::Kind::unix_socket,
                       .path = "/s",
                       .host = "",
                       .port = "",
                       .tls = {},
                       .address = "unix:///s",
                       .origin = "default"};
}  // namespace

TEST_CASE("Each status of the engine becomes one kind of error, with the engine's own text") {
  struct Case {
    int status;
    CallKind kind;
    std::string body;
    ErrorCode code;
    std::string text;
  };
  const Case cases[] = {
      {404, CallKind::general, R"({"message":"No such container: x"})", ErrorCode::not_found, "No such container: x"},
      {404, CallKind::general, R"({"message":"No such image: x:latest"})", ErrorCode::image_unavailable,
       "No such image: x:latest"},
      {404, CallKind::image_pull, R"({"message":"manifest unknown"})", ErrorCode::image_unavailable,
       "manifest unknown"},
      {500, CallKind::image_pull, R"({"message":"dial tcp"})", ErrorCode::image_unavailable, "dial tcp"},
      {400, CallKind::general, R"({"message":"bad"})", ErrorCode::engine_error, "bad"},
      {409, CallKind::general, R"({"message":"Conflict.\nname in use"})", ErrorCode::engine_error,
       "Conflict. name in use"},
      {500, CallKind::general, R"({"message":"OCI runtime create failed"})", ErrorCode::engine_error,
       "OCI runtime create failed"},
      {503, CallKind::general, "<html>\x1b[31mnot docker", ErrorCode::engine_error, "<html> [31mnot docker"},
      {301, CallKind::general, "", ErrorCode::engine_error, "(no message)"},
      {500, CallKind::general, R"({"message":7})", ErrorCode::engine_error, R"({"message":7})"},
      {400, CallKind::general, "Client sent an HTTP request to an HTTPS server.\n", ErrorCode::engine_error,
       "DOCKER_TLS_VERIFY=1"},
  };
  for (const auto& c : cases) {
    INFO(c.body);
    const auto error = status_error(kDind, "do it", c.status, c.body, c.kind);
    CHECK(error.code == c.code);
    CHECK(error.engine_status == c.status);
    CHECK(error.message.contains(c.text));
    CHECK(error.message.contains("tcp://dind:2375"));
    CHECK(error.message.contains("'do it'"));
    CHECK_FALSE(error.message.contains('\n'));
  }
}

TEST_CASE("The message names an engine that does not answer, the reason and a remedy") {
  CHECK(no_connection(kDind, "ping", ECONNREFUSED).message ==
        "The engine at tcp://dind:2375 does not answer (connection refused) to 'ping'. Is the dind service up? See "
        "`docker compose ps` and its log, or correct "
        "DOCKER_HOST, which gave this address.");
  CHECK(no_connection(kSocket, "ping", ENOENT).message ==
        "The engine at unix:///s does not answer (no such socket) to 'ping'. Docker may not be installed here, or may "
        "not run: install it or start it, or name another engine by --host or DOCKER_HOST.");
  CHECK(no_connection(kSocket, "ping", EACCES).message.contains("docker"));
  CHECK(no_connection(kSocket, "ping", EACCES).code == ErrorCode::engine_unavailable);
}

// E03
TEST_CASE("The message names the setting that gave the engine's address, and no other one") {
  const std::pair<const char*, const char*> cases[] = {
      {"the setting dind.engine.host", "correct the setting dind.engine.host, which gave this address."},
      {"--host", "correct --host, which gave this address, or name another engine by the setting dind.engine.host."},
      {"DOCKER_HOST",
       "correct DOCKER_HOST, which gave this address, or name another engine by the setting "
       "dind.engine.host."},
      {"context \"x\"",
       "correct context \"x\", which gave this address, or name another engine by the setting "
       "dind.engine.host."},
      {"default", "name another engine by the setting dind.engine.host."},
  };
  for (const auto& [origin, remedy] : cases) {
    for (const Endpoint& base : {kDind, kSocket}) {
      Endpoint endpoint = base;
      endpoint.origin = origin;
      endpoint.choice = "the setting dind.engine.host";
      for (const int problem : {ECONNREFUSED, ENOENT, EACCES, ETIMEDOUT, EHOSTUNREACH}) {
        const auto message = no_connection(endpoint, "ping", problem).message;
        INFO(message);
        CHECK(message.ends_with(remedy));
        CHECK(message.contains("DOCKER_HOST") == (std::string_view(origin) == "DOCKER_HOST"));
      }
    }
  }
}

TEST_CASE("E03: Podman's refusal to build names how this client chooses another engine") {
  CHECK(podman_refused(kSocket, "5.4.2").message.contains("by --host or DOCKER_HOST"));
  Endpoint endpoint = kSocket;
  endpoint.choice = "the setting dind.engine.host";
  CHECK(podman_refused(endpoint, "5.4.2").message.ends_with("by the setting dind.engine.host"));
}

TEST_CASE("The error of a failed pull has a remedy") {
  const std::pair<const char*, const char*> cases[] = {
      {"manifest for x:9 not found: manifest unknown", "name and the tag"},
      {"pull access denied for x, repository does not exist or may require 'docker login': denied", "docker login"},
      {"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
       "can't reach the registry"},
      {"Get \"https://r/v2/\": x509: certificate signed by unknown authority", "certificate"},
      {"toomanyrequests: You have reached your pull rate limit", "limits pulls"},
      {"write /var/lib/docker: no space left on device", "disk space"},
      {"no matching manifest for linux/arm64", "architecture"},
  };
  for (const auto& [reason, remedy] : cases) {
    INFO(reason);
    const auto error = pull_error(kDind, "x:9", reason, 200);
    CHECK(error.code == ErrorCode::image_unavailable);
    CHECK(error.message.contains(reason));
    CHECK(error.message.contains(remedy));
    CHECK(error.message.contains("x:9"));
  }
}

TEST_CASE("The API version is the newest that both sides support") {
  CHECK(choose_api_version(kDind, "1.41", "1.12") == "1.41");
  CHECK(choose_api_version(kDind, "1.47", "") == "1.47");
  CHECK(choose_api_version(kDind, "1.52", "1.44") == "1.47");
  CHECK(choose_api_version(kDind, "1.60", "1.50") == "1.50");
  CHECK(choose_api_version(kDind, "2.0", "1.44") == "1.47");
  for (const auto* bad : {"1.40", "", "1", "x.y", "1.41x"}) CHECK_FALSE(choose_api_version(kDind, bad, ""));
}

TEST_CASE("An image name is split at its tag or digest, and any other name is refused") {
  struct Case {
    std::string name, repository, tag;
  };
  const std::string digits(64, 'f');
  const Case cases[] = {{"python:3.11", "python", "3.11"},
                        {"python", "python", "latest"},
                        {"localhost:5000/team/tool", "localhost:5000/team/tool", "latest"},
                        {"localhost:5000/team/tool:v1", "localhost:5000/team/tool", "v1"},
                        {"Registry.Example/a:V1", "Registry.Example/a", "V1"},
                        {"a--b/c__d/e.f_g:_x", "a--b/c__d/e.f_g", "_x"},
                        {"localhost/a", "localhost/a", "latest"},
                        {"sha256:" + digits, "sha256", digits},
                        {"python@sha256:" + digits, "python", "sha256:" + digits},
                        {"python:3.11@sha256:" + digits, "python", "sha256:" + digits}};
  for (const auto& c : cases) {
    INFO(c.name);
    const auto parsed = parse_image_name(c.name);
    REQUIRE(parsed);
    CHECK(parsed->repository == c.repository);
    CHECK(parsed->tag == c.tag);
  }
  for (const auto& bad : std::vector<std::string>{
           "", " ", "a b", "../../info", "a/../b", "a//b", "/a", "-a", "a?x=1", "a#b", "a%2f", "a\n", "a:", "a@", "ä",
           "$(id)", "UPPER", "UPPER/x", "a/B", "Host.Example/A", "a/./b", "a@b", "a@sha256:f/x", "a@b@sha256:f",
           "a@x/.", "a:b:c", "a/b:c/d", "x/a:b:c@sha256:" + digits,
           // I03: names that engines refuse with different messages
           "debian@sha256:abc", "debian@sha256:" + digits + "f", "debian@sha256:" + std::string(64, 'F'),
           "debian@:" + digits, "a___b", "a..b", "a._b", "a_", "a-/b", "debian:book/worm", "debian:-x",
           "debian:" + std::string(129, 't'), std::string(300, 'x'), "host:port/a", "host:/a", "-host.example/a",
           "debian:bookworm-slim ", "registry.example:99999/x", "registry.example:65536/x", "registry.example:0/x",
           "registry.example:" + std::string(30, '9') + "/x", "registry.example:+1/x", "scratch", "scratch:latest",
           "library/scratch", "docker.io/library/scratch:x", "index.docker.io/scratch"}) {
    INFO(bad);
    CHECK_FALSE(parse_image_name(bad));
  }
  CHECK_FALSE(parse_image_name(std::string(600, 'a')));
  // The message quotes the name and says what is wrong (I03).
  CHECK(parse_image_name("debian:bookworm-slim ").error().message.starts_with("\"debian:bookworm-slim \" is not"));
  CHECK(parse_image_name("registry.example:65535/scratch"));
  CHECK(parse_image_name("scratch").error().message.contains("empty image"));
  CHECK(parse_image_name("x.example:99999/x").error().message.contains("65535"));
  CHECK(parse_image_name("  ").error().message.starts_with("\"  \" is not"));
  CHECK(parse_image_name("a ").error().message.starts_with("\"a \" is not"));
  CHECK(is_image_id(digits));
  CHECK(is_image_id("sha256:" + digits));
  for (const auto& none :
       {digits + "f", digits.substr(1), "x:" + digits, "a@sha256:" + digits, std::string(64, 'F'), std::string()})
    CHECK_FALSE(is_image_id(none));
  CHECK(parse_image_name("a___b").error().code == ErrorCode::invalid_request);
}

TEST_CASE("Text for one line has no control characters, no invalid UTF-8 and a max length") {
  CHECK(one_line("a\r\nb\tc\x7f\n") == "a b c");
  CHECK(one_line("h\xc3\xa9 \xff\xc3") == "hé ??");
  CHECK(one_line("\xed\xa0\x80\xc0\x80") == "?????");
  CHECK(one_line(std::string(2000, 'x'), 10) == "xxxxxxxxxx…");
  CHECK(one_line("ééé", 5) == "éé…");
  CHECK(percent_encode("a b/c?ä", "/") == "a%20b/c%3F%C3%A4");
  CHECK(query({{"a", "1&2"}, {"b", "x"}}) == "?a=1%262&b=x");
}

TEST_CASE("K25: if TLS fails, the message says what to set") {
  Endpoint far;
  far.kind = Endpoint::Kind::tcp;
  far.host = "far";
  far.address = "tcp://far:2375";
  far.origin = "DOCKER_HOST";
  for (const auto& [reason, remedy] :
       {std::pair{"error:0A00010B:SSL routines::wrong version number", "unset DOCKER_TLS_VERIFY"},
        std::pair{"SSL certificate problem: self-signed certificate in certificate chain", "DOCKER_CERT_PATH"},
        std::pair{"SSL certificate problem: self-signed certificate", "DOCKER_CERT_PATH"},
        std::pair{"SSL certificate problem: unable to get local issuer certificate", "ca.pem"},
        std::pair{"tlsv13 alert certificate required", "client's certificate"},
        std::pair{"SSL: no alternative certificate subject name matches target host name 'far'", "another name"},
        std::pair{"SSL certificate problem: certificate has expired", "Renew"}}) {
    CAPTURE(reason);
    const auto error = no_tls(far, "ping", reason);
    CHECK(error.code == ErrorCode::engine_unavailable);
    CHECK(error.message.contains("tcp://far:2375"));
    CHECK(error.message.contains(reason));
    CHECK(error.message.contains(remedy));
    CHECK_FALSE(error.message.contains("Is it up"));
  }
  CHECK(no_tls(far, "ping", "something else").message.contains("Is it up"));
}

TEST_CASE("A full disk of the engine is reported with a remedy, without the engine's paths") {  // R04
  for (const char* text : {"mkdir /var/lib/docker/overlay2/x-init: no space left on device",
                           "write /var/lib/docker/tmp/x: disk quota exceeded"}) {
    const auto error = status_error(kSocket, "create container", 500, R"({"message":")" + std::string(text) + "\"}",
                                    CallKind::general);
    CHECK(error.code == ErrorCode::engine_error);
    CHECK(error.engine_status == 500);
    CHECK(error.message.contains("free disk space"));
    CHECK_FALSE(error.message.contains("/var/lib"));
  }
}

TEST_CASE("A read-only disk and a lack of memory of the engine are reported with a remedy") {
  for (const auto& [text, remedy] :
       {std::pair{"mkdir /var/lib/docker/overlay2/x-init: read-only file system", "mount it for writing"},
        std::pair{"fork/exec /usr/bin/runc: cannot allocate memory", "free memory"}}) {
    CAPTURE(text);
    const auto error = status_error(kSocket, "create container", 500, R"({"message":")" + std::string(text) + "\"}",
                                    CallKind::general);
    CHECK(error.engine_status == 500);
    CHECK(error.message.contains(remedy));
    CHECK_FALSE(error.message.contains("/var/lib"));
  }
  const auto of_program = status_error(kSocket, "start container", 500,
                                       R"({"message":"OCI runtime create failed: mkdir /x: read-only file system"})");
  CHECK(of_program.message.contains("OCI runtime create failed"));
}

}  // namespace status_test
