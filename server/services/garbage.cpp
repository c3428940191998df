#include "services/garbage.hpp"

#include <algorithm>
#include <cstdio>

#include "sandbox/hardening.hpp"
#include "services/reaper.hpp"

namespace dind {
namespace {

constexpr std::int64_t kDay = 86'400;

std::string days(std::int64_t seconds) {
  const auto count = seconds / kDay;
  if (count < 1) return "less than a day";
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

bool is_ours(const Inventory::Image& image) {
  return image.labels.contains(kBuiltLabel) &&
         std::ranges::all_of(image.tags, [](const auto& tag) { return tag.starts_with(kBuiltNames); });
}

GarbageItem item(GarbageItem::Kind kind, const std::string& id, const std::string& name, std::string reason) {
  return {.kind = kind, .id = id, .name = name, .tags = {}, .reason = std::move(reason), .bytes = 0, .error = {}};
}

void add_images(std::vector<GarbageItem>& garbage, const Inventory& inventory, const GarbagePolicy& policy) {
  std::set<std::string> in_use;
  for (const auto& container : inventory.containers) in_use.insert(container.image_id);
  std::vector<const Inventory::Image*> ours;
  std::int64_t bytes = 0;
  for (const auto& image : inventory.images) {
    if (!is_ours(image)) continue;
    bytes += image.bytes;
    if (!in_use.contains(image.id)) ours.push_back(&image);
  }
  std::ranges::stable_sort(ours, {}, [](const auto* image) { return image->last_used; });
  for (const auto* image : ours) {
    const auto unused = inventory.now - image->last_used;
    const bool old = unused >= std::chrono::duration_cast<std::chrono::seconds>(policy.images_unused_for).count();
    const bool over = bytes > policy.images_max_bytes;
    if (!old && !over) break;  // the next ones were used later still
    auto each = item(GarbageItem::Kind::image, image->id, image->tags.empty() ? image->id : image->tags.front(),
                     old ? "unused for " + days(unused) : "beyond the images' disk budget");
    each.tags = image->tags;
    each.bytes = image->bytes;
    bytes -= image->bytes;
    garbage.push_back(std::move(each));
  }
}

}  // namespace

std::string_view name(GarbageItem::Kind kind) {
  switch (kind) {
    case GarbageItem::Kind::container:
      return "container";
    case GarbageItem::Kind::volume:
      return "volume";
    case GarbageItem::Kind::network:
      return "network";
    case GarbageItem::Kind::image:
      return "image";
  }
  return "image";
}

std::vector<GarbageItem> garbage_of(const Inventory& inventory, const GarbagePolicy& policy,
                                    std::chrono::seconds supervisors_for) {
  constexpr const char* kOwnerGone = "its owner is gone, or its deadline has passed";
  using Kind = GarbageItem::Kind;
  std::vector<GarbageItem> garbage;
  const auto orphan = [&](const Inventory::Labels& labels) { return is_orphan(labels, inventory.self, inventory.now); };
  std::set<std::string> mounted;
  for (const auto& each : inventory.containers) {
    mounted.insert(each.volumes.begin(), each.volumes.end());
    if (orphan(each.labels)) garbage.push_back(item(Kind::container, each.id, each.name, kOwnerGone));
  }
  for (const auto& each : inventory.volumes) {
    const auto cache = each.labels.find(sandbox::kCacheLabel);
    if (orphan(each.labels)) {
      garbage.push_back(item(Kind::volume, each.name, each.name, kOwnerGone));
    } else if (cache != each.labels.end() && cache->second == "supervisor" &&
               each.name.starts_with("dind-supervisor-") && each.name != inventory.supervisor_volume &&
               !mounted.contains(each.name) && inventory.now - each.created >= supervisors_for.count()) {
      garbage.push_back(item(Kind::volume, each.name, each.name, "the supervisor of another version, not in use"));
    }
  }
  for (const auto& each : inventory.networks)
    if (orphan(each.labels)) garbage.push_back(item(Kind::network, each.id, each.name, kOwnerGone));
  add_images(garbage, inventory, policy);
  return garbage;
}

bool touch_is_due(const std::string& name, const Inventory::Labels& labels, const std::string& last_tagged,
                  std::int64_t now) {
  return name.starts_with(kBuiltNames) && !name.contains('@') && labels.contains(kBuiltLabel) &&
         now - unix_seconds(last_tagged, 0) >= kDay;
}

}  // namespace dind
