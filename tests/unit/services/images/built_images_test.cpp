#include "services/images/built_images.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sandbox/labels.hpp"

namespace built_images_test {

using namespace dind;
using Labels = std::map<std::string, std::string>;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;

}  // namespace

TEST_CASE("The use of an image that dind-executor built is recorded once a day") {
  const Labels built{{sandbox::kBuiltLabel, "1"}};
  const auto due = [&](const char* name, const Labels& labels, const std::string& last_tagged,
                       const std::vector<std::string>& tags = {}) {
    return touch_is_due(name, labels, last_use(last_tagged, tags, 0), kNow);
  };
  CHECK(due("dind-executor/x:1", built, "2023-11-13T22:13:19.5Z"));
  CHECK_FALSE(due("dind-executor/x:1", built, "2023-11-14T22:00:00Z"));
  CHECK(due("dind-executor/x:1", built, "0001-01-01T00:00:00Z"));
  CHECK_FALSE(due("dind-executor/x:1", {}, ""));
  CHECK_FALSE(due("their/x:1", built, ""));
  CHECK_FALSE(due("sha256:0123", built, ""));
  // N04: on some engines, the time of the last tag does not change.
  const std::string id = "sha256:0123456789abcdef";
  CHECK(use_tag(id, kNow) == "dind-executor/used:0123456789ab-20231114");
  CHECK(is_use_tag(use_tag(id, kNow), id));
  CHECK_FALSE(is_use_tag(use_tag("sha256:ffff456789abcdef", kNow), id));
  CHECK_FALSE(is_use_tag("dind-executor/x:1", id));
  CHECK_FALSE(due("dind-executor/x:1", built, "2023-11-01T22:00:00Z", {"dind-executor/x:1", use_tag(id, kNow)}));
  CHECK(due("dind-executor/x:1", built, "2023-11-01T22:00:00Z", {use_tag(id, kNow - 2 * 86'400), "x-20231114"}));
  CHECK(last_use("2023-11-14T22:13:20Z", {use_tag(id, kNow)}, 1) == kNow);
  CHECK(last_use("", {use_tag(id, kNow)}, 1) == kNow - kNow % 86'400);
  CHECK(last_use("", {"dind-executor/used:x-2023111", "dind-executor/used:x-abcdefgh"}, 7) == 7);
}

}  // namespace built_images_test
