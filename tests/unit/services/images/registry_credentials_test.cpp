#include "services/images/registry_credentials.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "services/images/image_reference.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

namespace registry_credentials_test {

using namespace dind;
using namespace std::chrono_literals;

namespace {

const std::string kHub{kHubServer};

// A temporary folder with Docker's configuration and credential helpers.
struct Home : tests::TempFolder {
  void config(const std::string& text) const { std::ofstream(path / "config.json") << text; }
  void helper(const std::string& name, const std::string& script) const {
    const auto file = path / ("docker-credential-" + name);
    std::ofstream(file) << "#!/bin/sh\n" << script;
    ::chmod(file.c_str(), 0755);
  }
  RegistryCredentials::Answer ask(const std::string& image, Cancel cancel = {}) const {
    asio::io_context context;
    const RegistryCredentials credentials(context.get_executor(),
                                          [this](const std::string& name) -> std::optional<std::string> {
                                            if (name == "DOCKER_CONFIG") return path.string();
                                            if (name == "PATH") return path.string() + ":/usr/bin:/bin";
                                            return std::nullopt;
                                          });
    return tests::run_task(context, credentials.of(image, std::move(cancel)));
  }
};

std::string header(const std::string& user, const std::string& password, const std::string& server) {
  return registry_auth({.server = server, .username = user, .password = password, .identity_token = {}});
}

Result<CredentialSource> found(const std::string& config, const std::string& server) {
  return find_credentials(config, server);
}

}  // namespace

TEST_CASE("The name of an image determines its registry and repository") {
  CHECK(image_reference("python") == ImageReference{"docker.io", "library/python"});
  CHECK(image_reference("python:3.12-slim") == ImageReference{"docker.io", "library/python"});
  CHECK(image_reference("team/tool") == ImageReference{"docker.io", "team/tool"});
  CHECK(image_reference("docker.io/python:3") == ImageReference{"docker.io", "library/python"});
  CHECK(image_reference("index.docker.io/team/tool") == ImageReference{"docker.io", "team/tool"});
  CHECK(image_reference("ghcr.io/a/b/c:1") == ImageReference{"ghcr.io", "a/b/c"});
  CHECK(image_reference("localhost/x") == ImageReference{"localhost", "x"});
  CHECK(image_reference("127.0.0.1:5000/x") == ImageReference{"127.0.0.1:5000", "x"});
  CHECK(image_reference("host:5000/x@sha256:abc") == ImageReference{"host:5000", "x"});
  CHECK(image_reference("host:5000/x:1@sha256:abc") == ImageReference{"host:5000", "x"});
  CHECK(credentials_server(image_reference("python")) == kHub);
  CHECK(credentials_server(image_reference("host:5000/x")) == "host:5000");
}

TEST_CASE("The digest of an image is the one of the repository in its name") {
  const std::vector<std::string> digests{"host:5000/x@sha256:one", "python@sha256:two", "python@sha256:three"};
  CHECK(digest_of("host:5000/x:1", digests) == "sha256:one");
  CHECK(digest_of("docker.io/library/python:3", digests) == "sha256:two");
  CHECK(digest_of("python@sha256:three", digests) == "sha256:three");
  CHECK_FALSE(digest_of("python@sha256:four", digests));
  CHECK_FALSE(digest_of("host:5001/x", digests));
  CHECK_FALSE(digest_of("sha256:0123", digests));
  CHECK_FALSE(digest_of("x", {"no digest"}));
}

TEST_CASE("Credentials are found where the Docker client finds them") {
  const auto user = [](std::string server, std::string name, std::string password) {
    return CredentialSource{RegistryLogin{.server = std::move(server),
                                          .username = std::move(name),
                                          .password = std::move(password),
                                          .identity_token = {}}};
  };
  struct Case {
    const char* what;
    std::string config;
    std::string server;
    CredentialSource source;
  };
  const std::string auth = R"("auth": "dXNlcjpwYTpzcw==")";  // user:pa:ss
  const Case cases[] = {
      {"nothing", "{}", "r.example", {}},
      {"another registry's", R"({"auths": {"other.example": {)" + auth + "}}}", "r.example", {}},
      {"its own", R"({"auths": {"r.example": {)" + auth + "}}}", "r.example", user("r.example", "user", "pa:ss")},
      {"with a port", R"({"auths": {"r.example:5000": {)" + auth + "}}}", "r.example", {}},
      {"as a URL", R"({"auths": {"https://r.example/v2/": {)" + auth + "}}}", "r.example",
       user("r.example", "user", "pa:ss")},
      {"the hub", R"({"auths": {"https://index.docker.io/v1/": {)" + auth + "}}}", kHub, user(kHub, "user", "pa:ss")},
      {"the hub by its short name", R"({"auths": {"docker.io": {)" + auth + "}}}", kHub, user(kHub, "user", "pa:ss")},
      {"without padding", R"({"auths": {"r": {"auth": "dTpw"}}})", "r", user("r", "u", "p")},
      {"plain fields", R"({"auths": {"r": {"username": "u", "password": "p"}}})", "r", user("r", "u", "p")},
      {"an empty entry", R"({"auths": {"r": {}}})", "r", {}},
      {"an identity token", R"({"auths": {"r": {"auth": "dTo=", "identitytoken": "t"}}})", "r",
       RegistryLogin{.server = "r", .username = "u", .password = "", .identity_token = "t"}},
      {"a store for all", R"({"credsStore": "secretservice", "auths": {"r": {)" + auth + "}}}", "r",
       CredentialHelper{"secretservice", "r"}},
      {"a helper for one", R"({"credsStore": "a", "credHelpers": {"r": "b"}})", "r", CredentialHelper{"b", "r"}},
      {"a helper for another", R"({"credHelpers": {"q": "b"}, "auths": {"r": {)" + auth + "}}}", "r",
       user("r", "user", "pa:ss")},
      {"fields of other types", R"({"auths": [], "credHelpers": 7, "credsStore": null})", "r", {}},
  };
  for (const auto& [what, config, server, source] : cases) {
    INFO(what);
    const auto seen = found(config, server);
    REQUIRE(seen);
    CHECK(*seen == source);
  }
}

TEST_CASE("The error for a broken Docker configuration shows none of its contents") {
  for (const std::string config :
       {"", "[]", R"({"auths": {"r": {"auth": "secret)", R"({"auths": {"r": {"auth": "!secret"}}})",
        R"({"auths": {"r": {"auth": "c2VjcmV0"}}})", R"({"credsStore": "../secret"})", R"({"credsStore": "a b"})"}) {
    INFO(config);
    const auto seen = found(config, "r");
    REQUIRE_FALSE(seen);
    CHECK_FALSE(seen.error().message.contains("secret"));
  }
}

TEST_CASE("A credential helper's login, missing login and failure are distinguished") {
  const CredentialHelper helper{"x", "r"};
  const auto login = read_helper(helper, {0, R"({"ServerURL": "r", "Username": "u", "Secret": "s"})", ""});
  REQUIRE(login);
  CHECK(*login == RegistryLogin{.server = "r", .username = "u", .password = "s", .identity_token = ""});
  const auto token = read_helper(helper, {0, R"({"Username": "<token>", "Secret": "s"})", ""});
  REQUIRE(token);
  CHECK(*token == RegistryLogin{.server = "r", .username = "", .password = "", .identity_token = "s"});
  const auto none = read_helper(helper, {1, "credentials not found in native keychain\n", ""});
  REQUIRE(none);
  CHECK_FALSE(*none);
  const auto failed = read_helper(helper, {2, "", "the keyring\x1b[31m is locked\nmore"});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message ==
        "the credential helper docker-credential-x failed (exit 2): the keyring?[31m is locked");
  for (const ChildResult& each : {ChildResult{0, "s3cret", ""}, ChildResult{0, R"({"Username": "s3cret"})", ""},
                                  ChildResult{1, R"({"Secret": "s3cret"})", ""}, ChildResult{0, "[\"s3cret\"]", ""}}) {
    const auto odd = read_helper(helper, each);
    REQUIRE_FALSE(odd);
    CHECK_FALSE(odd.error().message.contains("s3cret"));
  }
}

TEST_CASE("The header with the credentials is JSON in base64url, with padding") {
  // The engine's decoder is Go's URLEncoding.
  CHECK(header("u",
               "?"
               "?>>~~",
               "r") == "eyJwYXNzd29yZCI6Ij8_Pj5-fiIsInNlcnZlcmFkZHJlc3MiOiJyIiwidXNlcm5hbWUiOiJ1In0=");
  CHECK(registry_auth({.server = "r", .username = "u", .password = "", .identity_token = "t"}) ==
        "eyJpZGVudGl0eXRva2VuIjoidCIsInNlcnZlcmFkZHJlc3MiOiJyIn0=");
}

TEST_CASE("Without a readable config.json, images are pulled without credentials") {
  const Home home;
  auto answer = home.ask("r.example/x");
  CHECK(answer.header.empty());
  CHECK(answer.problem.empty());
  std::filesystem::create_directory(home.path / "config.json");
  answer = home.ask("r.example/x");
  CHECK(answer.header.empty());
  CHECK(answer.problem.contains("it is not a file"));
}

TEST_CASE("A credential helper is asked for the registry of the image") {
  const Home home;
  home.config(R"({"credsStore": "test"})");
  home.helper("test", R"(read url; echo "{\"Username\": \"$1\", \"Secret\": \"$url\"}")");
  CHECK(home.ask("r.example/x").header == header("get", "r.example", "r.example"));
  CHECK(home.ask("python:3").header == header("get", kHub, kHub));
}

TEST_CASE("A credential helper gets the server's environment without DIND_TOKEN") {  // S20
  const Home home;
  home.config(R"({"credsStore": "test"})");
  home.helper(
      "test",
      R"(cat >/dev/null; echo "{\"Username\": \"$DIND_TEST_NAME\", \"Secret\": \"${DIND_TOKEN-no-such-variable}\"}")");
  ::setenv("DIND_TOKEN", "t0123456789abcdef", 1);
  ::setenv("DIND_TEST_NAME", "me", 1);
  const auto answer = home.ask("r.example/x");
  ::unsetenv("DIND_TOKEN");
  ::unsetenv("DIND_TEST_NAME");
  CHECK(answer.header == header("me", "no-such-variable", "r.example"));
}

TEST_CASE("A credential helper that is missing, fails, floods or hangs is reported without a long wait") {
  const Home home;
  home.config(R"({"credsStore": "test"})");
  CHECK(home.ask("x").problem.contains("there is no docker-credential-test on PATH"));
  home.helper("test", "cat >/dev/null; echo locked; exit 3\n");
  CHECK(home.ask("x").problem.contains("docker-credential-test failed (exit 3): locked"));
  home.helper("test", "echo 'credentials not found in native keychain'; exit 1\n");
  CHECK(home.ask("x").problem.empty());
  CHECK(home.ask("x").header.empty());
  home.helper("test", "exec cat /dev/zero\n");
  CHECK(home.ask("x").problem.contains("wrote more than 65536 bytes"));
  home.helper("test", "sleep 100 & sleep 100\n");
  asio::io_context context;
  const auto begun = Clock::now();
  const auto hung = tests::run_task(
      context,
      run_child(context.get_executor(),
                {.path = home.path / "docker-credential-test", .arguments = {}, .input = std::string(1 << 20, 'x')}, {},
                in(300ms)));
  REQUIRE_FALSE(hung);
  CHECK(hung.error().message.contains("did not end in time"));
  CHECK(Clock::now() - begun < 3s);
}

TEST_CASE("A process that a credential helper leaves with its pipes open is not waited for") {
  const Home home;
  home.config(R"({"credsStore": "test"})");
  home.helper("test", R"(sleep 5 & echo '{"Username": "u", "Secret": "s"}')");
  const auto begun = Clock::now();
  CHECK(home.ask("r/x").header == header("u", "s", kHub));
  CHECK(Clock::now() - begun < 3s);
}

TEST_CASE("Cancelling ends a child process at once") {
  const Home home;
  home.helper("test", "sleep 100\n");
  asio::io_context context;
  Cancel cancel;
  asio::steady_timer timer(context, 100ms);
  timer.async_wait([&](const boost::system::error_code&) { cancel.cancel(CancelReason::user); });
  const auto begun = Clock::now();
  const auto stopped =
      tests::run_task(context, run_child(context.get_executor(),
                                         {.path = home.path / "docker-credential-test", .arguments = {}, .input = {}},
                                         cancel, in(30s)));
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == ErrorCode::cancelled);
  CHECK(Clock::now() - begun < 2s);
}

TEST_CASE("Programs are found only by name and only in absolute folders of PATH") {
  CHECK(find_program("sh", "/usr/bin:/bin").ends_with("/sh"));
  CHECK(find_program("sh", "").empty());
  CHECK(find_program("sh", "bin:.:").empty());
  CHECK(find_program("/bin/sh", "/bin").empty());
  CHECK(find_program("passwd", "/etc").empty());
}

}  // namespace registry_credentials_test
