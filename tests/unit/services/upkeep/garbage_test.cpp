#include "services/upkeep/garbage.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "sandbox/hardening.hpp"
#include "services/images/built_images.hpp"
#include "support/ids.hpp"

namespace garbage_test {

using namespace dind;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kDay = 86'400;
const GarbagePolicy kPolicy{.images_unused_for = 24h * 7, .images_max_bytes = 1000};

// In this boot and pid namespace, PID 1 with another start time: a process that is certainly dead.
std::string gone_owner() {
  const std::string& self = process_owner();
  const auto start = self.rfind('.');
  return self.substr(0, self.rfind('.', start - 1)) + ".1.1";
}

Inventory empty() {
  Inventory inventory;
  inventory.self = process_owner();
  inventory.supervisor_volume = "dind-supervisor-own";
  inventory.now = kNow;
  return inventory;
}

std::vector<std::string> names(const Inventory& inventory, std::chrono::seconds supervisors_for = 0s) {
  std::vector<std::string> out;
  for (const auto& item : find_garbage(inventory, kPolicy, supervisors_for)) out.push_back(item.name);
  return out;
}

Inventory::Image image(std::string name, std::int64_t days, std::int64_t bytes = 10) {
  return {.id = "sha256:" + name,
          .tags = {"dind-executor/" + name + ":1"},
          .labels = {{sandbox::kBuiltLabel, "1"}},
          .bytes = bytes,
          .last_used = kNow - days * kDay};
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("An empty inventory has no garbage") { CHECK(find_garbage(empty(), kPolicy, 0s).empty()); }

TEST_CASE("Objects without a label of dind-executor are never garbage") {
  auto inventory = empty();
  inventory.containers = {{.id = "c", .name = "c", .labels = {}, .image_id = "", .volumes = {}},
                          {.id = "d", .name = "d", .labels = {{"owner", gone_owner()}}, .image_id = "", .volumes = {}}};
  inventory.volumes = {{"dind-supervisor-other", {}, 0}, {"v", {{"com.example", "supervisor"}}, 0}};
  inventory.networks = {{"n", "n", {}}};
  auto foreign = image("foreign", 1000, 5000);
  foreign.labels = {{"maintainer", "x"}};
  inventory.images = {foreign};
  CHECK(names(inventory).empty());
}

TEST_CASE("All objects that a dead instance left are garbage") {
  auto inventory = empty();
  const Inventory::Labels dead{{sandbox::kOwnerLabel, gone_owner()}};
  const Inventory::Labels alive{{sandbox::kOwnerLabel, process_owner()}};
  inventory.containers = {{.id = "1", .name = "c", .labels = dead, .image_id = "", .volumes = {}},
                          {.id = "2", .name = "mine", .labels = alive, .image_id = "", .volumes = {}}};
  inventory.volumes = {{"v", dead, 0}, {"mine", alive, 0}};
  inventory.networks = {{"3", "n", dead}, {"4", "mine", alive}};
  CHECK(names(inventory) == Names{"c", "v", "n"});
}

TEST_CASE("The volumes that cache an image's files are garbage once the image is removed") {
  const auto label = [](const char* image) {
    return Inventory::Labels{{sandbox::kCacheLabel, "etc"}, {"dind-executor.image", image}};
  };
  Inventory inventory = empty();
  inventory.image_ids = {"sha256:1"};
  inventory.volumes = {{"there", label("sha256:1"), 0},
                       {"gone", label("sha256:2"), 0},
                       {"young", label("sha256:2"), kNow - 10},
                       {"content of it", {{sandbox::kCacheLabel, "content"}, {sandbox::kImageLabel, "sha256:2"}}, 0},
                       {"not ours", {{"com.example", "etc"}}, 0}};
  CHECK(names(inventory, 60s) == std::vector<std::string>{"gone", "content of it"});
}

TEST_CASE("The supervisor volumes of other versions are garbage if no container mounts them") {
  const Inventory::Labels label{{sandbox::kCacheLabel, "supervisor"}};
  auto inventory = empty();
  inventory.volumes = {{"dind-supervisor-own", label, 0},
                       {"dind-supervisor-old", label, kNow - kDay},
                       {"dind-supervisor-young", label, kNow - 10},
                       {"dind-supervisor-mounted", label, 0},
                       {"somebody-elses", label, 0},
                       {"dind-supervisor-other-cache", {{sandbox::kCacheLabel, "internet"}}, 0}};
  inventory.containers = {
      {.id = "c", .name = "c", .labels = {}, .image_id = "", .volumes = {"dind-supervisor-mounted"}}};
  CHECK(names(inventory) == Names{"dind-supervisor-old", "dind-supervisor-young"});
  CHECK(names(inventory, 24h) == Names{"dind-supervisor-old"});
}

TEST_CASE("The supervisor images of other versions are garbage if no container uses them (S01)") {
  const auto supervisor = [](std::string tag, std::int64_t age) {
    return Inventory::Image{.id = "sha256:" + tag,
                            .tags = {"dind-executor/supervisor:" + tag},
                            .labels = {{sandbox::kCacheLabel, "supervisor"}},
                            .bytes = 7,
                            .last_used = kNow - age};
  };
  auto inventory = empty();
  inventory.supervisor_image = "dind-executor/supervisor:own";
  auto inherited = supervisor("theirs", kDay);
  inherited.tags = {"their/app:1"};
  auto both = supervisor("both", kDay);
  both.tags.emplace_back("their/keep:1");
  auto unlabelled = supervisor("unlabelled", kDay);
  unlabelled.labels.clear();
  auto other = supervisor("other-cache", kDay);
  other.labels[sandbox::kCacheLabel] = "internet";
  inventory.images = {supervisor("own", 30 * kDay),
                      supervisor("old", kDay),
                      supervisor("young", 10),
                      supervisor("in-use", kDay),
                      inherited,
                      both,
                      unlabelled,
                      other};
  inventory.containers = {{.id = "c", .name = "c", .labels = {}, .image_id = "sha256:in-use", .volumes = {}}};
  CHECK(names(inventory) == Names{"dind-executor/supervisor:old", "dind-executor/supervisor:young"});
  CHECK(names(inventory, 24h) == Names{"dind-executor/supervisor:old"});
  CHECK(find_garbage(inventory, kPolicy, 24h).front().tags == Names{"dind-executor/supervisor:old"});
}

TEST_CASE("Images that were unused for the configured time are garbage") {
  auto inventory = empty();
  inventory.images = {image("new", 1), image("at-the-limit", 7), image("old", 30), image("used-by-container", 30),
                      image("future", -3)};
  inventory.containers = {
      {.id = "c", .name = "c", .labels = {}, .image_id = "sha256:used-by-container", .volumes = {}}};
  const auto garbage = find_garbage(inventory, kPolicy, 0s);
  REQUIRE(garbage.size() == 2);
  CHECK(garbage[0].name == "dind-executor/old:1");
  CHECK(garbage[0].reason == "unused for 30 days");
  CHECK(garbage[0].tags == Names{"dind-executor/old:1"});
  CHECK(garbage[1].name == "dind-executor/at-the-limit:1");
}

TEST_CASE("Images that exceed the disk budget are garbage, longest unused first and no more than needed") {
  auto inventory = empty();
  inventory.images = {image("c", 1, 400), image("a", 3, 400), image("b", 2, 400), image("in-use", 5, 200)};
  inventory.containers = {{.id = "c", .name = "c", .labels = {}, .image_id = "sha256:in-use", .volumes = {}}};
  CHECK(names(inventory) == Names{"dind-executor/a:1"});  // 1400 → 1000
  inventory.images.push_back(image("d", 0, 1));
  CHECK(names(inventory) == Names{"dind-executor/a:1", "dind-executor/b:1"});
}

TEST_CASE("A user's image that inherits a label of dind-executor is not garbage") {
  auto inventory = empty();
  auto theirs = image("x", 100, 5000);
  theirs.tags = {"their/app:1"};
  auto both = image("y", 100, 5000);
  both.tags.emplace_back("their/keep:1");
  auto dangling = image("z", 100);
  dangling.tags.clear();
  inventory.images = {theirs, both, dangling};
  CHECK(names(inventory) == Names{"sha256:z"});
}

TEST_CASE("The engine's timestamps are read with their time zones") {
  CHECK(unix_seconds("2023-11-14T22:13:20Z", 1) == kNow);
  CHECK(unix_seconds("2023-11-14T22:13:20.123456789Z", 1) == kNow);
  CHECK(unix_seconds("2023-11-15T07:13:20.5+09:00", 1) == kNow);
  CHECK(unix_seconds("2023-11-14T17:13:20-05:00", 1) == kNow);
  CHECK(unix_seconds("0001-01-01T00:00:00Z", 1) == 1);
  CHECK(unix_seconds("", 7) == 7);
}

}  // namespace garbage_test
