#include <catch2/catch_test_macros.hpp>

#include "services/images/images.hpp"

namespace image_policy_test {

using namespace dind;

TEST_CASE("Callers may use the images that the operator allows and the images of the languages (S19)") {
  const ImagePolicy policy{.allowed = {"python:*", "registry.example/team/**", "debian"}, .always = {"node:22-slim"}};
  for (const char* name : {"python:3.12", "python:", "registry.example/team/a:1", "registry.example/team/a/b@sha256:0",
                           "debian", "node:22-slim"}) {
    INFO(name);
    CHECK(is_allowed(policy, name));
  }
  for (const char* name : {"python", "python:3/x", "evil/python:3", "registry.example/other/a", "registry.example/team",
                           "debian:12", "node:22", "xregistry.example/team/a", ""}) {
    INFO(name);
    CHECK_FALSE(is_allowed(policy, name));
  }
  CHECK(is_allowed({}, "anything/at:all"));
}

}  // namespace image_policy_test
