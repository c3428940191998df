#include "engine/build_fault.hpp"

#include <catch2/catch_test_macros.hpp>

namespace build_fault_test {

using namespace dind;
using namespace dind::engine;

namespace {

Endpoint somewhere() {
  Endpoint endpoint;
  endpoint.address = "unix:///engine.sock";
  return endpoint;
}

}  // namespace

TEST_CASE("The engine's text tells whether the Dockerfile, the engine or a registry made a build fail") {
  struct Case {
    const char* message;
    int code;
    std::optional<ErrorCode> fault;
    const char* remedy;
  };
  const Case cases[] = {
      {"The command '/bin/sh -c echo no space left on device' returned a non-zero code: 1", 1, {}, ""},
      {"executor failed running [/bin/sh -c echo dial tcp toomanyrequests]: exit code: 7", 7, {}, ""},
      {"process \"/bin/sh -c x509: \" did not complete successfully: exit code: 1", 1, {}, ""},
      {"COPY failed: file not found in build context: stat dial tcp: file does not exist", 0, {}, ""},
      {"failed to compute cache key: \"/manifest unknown\" not found: not found", 0, {}, ""},
      {"dockerfile parse error line 1: unknown instruction: FORM", 0, {}, ""},
      {"unable to find user bob: no matching entries in passwd file", 0, {}, ""},
      {"executor failed running [/bin/sh -c true]: unable to find user bob: no matching entries in passwd file",
       0,
       {},
       ""},
      {"failed to create shim task: OCI runtime create failed: runc create failed: exec: \"/bin/sh\": stat /bin/sh: no "
       "such file or directory: unknown",
       0,
       {},
       ""},
      {"ADD failed: Get \"http://x/\": dial tcp 127.0.0.1:1: connect: connection refused", 0, {}, ""},
      {"failed to load cache key: Get \"http://x/\": dial tcp 127.0.0.1:1: connect: connection refused", 0, {}, ""},
      {"Error processing tar file(exit status 1): write /x: no space left on device", 0, ErrorCode::engine_error, "gc"},
      {"COPY failed: mkdir /var/lib/docker/tmp: no space left on device", 0, ErrorCode::engine_error, "disk space"},
      {"cannot join network of a non running container: 0123", 0, ErrorCode::engine_error, "network was removed"},
      {"No such container: 0123", 0, ErrorCode::engine_error, "try again"},
      {"failed to create shim task: OCI runtime create failed: runc create failed: unable to apply cgroup "
       "configuration: "
       "no such device",
       0, ErrorCode::engine_error, "log"},
      {"error creating overlay mount to /x: invalid argument", 0, ErrorCode::engine_error, "log"},
      {"toomanyrequests: You have reached your pull rate limit", 0, ErrorCode::image_unavailable, "docker login"},
      {"invalid from flag value x: Get \"https://r/v2/\": dial tcp: lookup r: no such host", 0,
       ErrorCode::image_unavailable, "registry"},
      {"failed to load cache key: failed to do request: Head \"http://localhost:1/v2/\": dial tcp 127.0.0.1:1: refused",
       0, ErrorCode::image_unavailable, "registry"},
      {"manifest for x:1 not found: manifest unknown: manifest unknown", 0, ErrorCode::image_unavailable, "the tag"},
  };
  for (const auto& each : cases) {
    INFO(each.message);
    const auto fault = build_fault(somewhere(), {.message = each.message, .exit_code = each.code});
    REQUIRE(fault.has_value() == each.fault.has_value());
    if (!fault) continue;
    CHECK(fault->code == *each.fault);
    CHECK(fault->message.contains(each.remedy));
    CHECK(fault->message.contains("unix:///engine.sock"));
  }
}

TEST_CASE("The message about a full disk of the engine does not have paths of its files") {  // R04
  const auto fault = build_fault(
      somewhere(),
      {.message = "failed to copy: write /var/lib/docker/buildkit/content/ingest/0/data: no space left on device"});
  REQUIRE(fault);
  CHECK(fault->message.contains("could not continue a build: no space left on device. Free"));
  CHECK_FALSE(fault->message.contains("/var/lib"));
}

TEST_CASE("A refused build is the fault of the Dockerfile only if the engine says what is wrong in it") {
  const auto refused = [](int status, const std::string& text) {
    return refused_dockerfile(
        {ErrorCode::engine_error, "The engine at x answered 500 to 'build image': " + text, status});
  };
  for (const char* words : {"dockerfile parse error line 1: unknown instruction: FORM", "file with no instructions",
                            "failed to parse Dockerfile: ENV must have two arguments",
                            "no build stage in current context", "the Dockerfile (x) cannot be empty"}) {
    CHECK(refused(400, words) == words);
    CHECK(refused(500, words) == words);
  }
  CHECK(!refused(500, "unexpected error reading Dockerfile: open /var/lib/docker/tmp/Dockerfile: permission denied"));
  CHECK(!refused(500, "failed to parse Dockerfile: read /var/lib/docker: no space left on device"));
  CHECK(!refused(400, "invalid parameter dockerfile"));
  CHECK(!refused(502, "dockerfile parse error line 1"));
}

TEST_CASE("A parse error is the fault of the Dockerfile, whatever the file's name is") {  // I03, B06
  for (const char* words : {"failed to parse .dockerfile.0123456789abcdef: file with no instructions",
                            "failed to parse platform : \"\" is an invalid component of \"\"",
                            "failed to reach build target x in Dockerfile"}) {
    const Error error{ErrorCode::engine_error, "The engine at x answered 400 to 'build image': " + std::string(words),
                      400};
    CHECK(refused_dockerfile(error) == words);
  }
}

}  // namespace build_fault_test
