#include "services/upkeep/garbage.hpp"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "sandbox/labels.hpp"
#include "sandbox/start/etc_volumes.hpp"
#include "sandbox/supervisor_image.hpp"
#include "services/images/built_images.hpp"
#include "services/upkeep/reaper.hpp"

namespace dind {
namespace {

constexpr std::int64_t kDay = 86'400;

std::string days(std::int64_t seconds) {
  const auto count = seconds / kDay;
  if (count < 1) return "less than a day";
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

bool is_ours(const Inventory::Image& image) {
  return image.labels.contains(sandbox::kBuiltLabel) &&
         std::ranges::all_of(image.tags, [](const auto& tag) { return tag.starts_with(kBuiltNames); });
}

// Whether this is the supervisor image of another version, and no container uses it.
bool is_other_supervisor(const Inventory::Image& image, const Inventory& inventory) {
  const auto cache = image.labels.find(sandbox::kCacheLabel);
  return cache != image.labels.end() && cache->second == "supervisor" && !image.tags.empty() &&
         std::ranges::all_of(image.tags,
                             [&](const auto& tag) {
                               return tag.starts_with(std::string(sandbox::kSupervisorImages) + ":") &&
                                      tag != inventory.supervisor_image;
                             }) &&
         std::ranges::none_of(inventory.containers, [&](const auto& each) { return each.image_id == image.id; });
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
  std::ranges::sort(ours, {}, [](const auto* image) { return std::tie(image->last_used, image->id); });
  for (const auto* image : ours) {
    const auto unused = inventory.now - image->last_used;
    const bool old = unused >= std::chrono::duration_cast<std::chrono::seconds>(policy.images_unused_for).count();
    const bool over = bytes > policy.images_max_bytes;
    if (!old && !over) break;  // all following images were used later
    auto each = item(GarbageItem::Kind::image, image->id, image->tags.empty() ? image->id : image->tags.front(),
                     old ? "unused for " + days(unused) : "beyond the images' disk budget");
    each.tags = image->tags;
    each.bytes = image->bytes;
    bytes -= image->bytes;
    garbage.push_back(std::move(each));
  }
}

}  // namespace

std::string_view to_string(GarbageItem::Kind kind) {
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

std::vector<GarbageItem> find_garbage(const Inventory& inventory, const GarbagePolicy& policy,
                                      std::chrono::seconds supervisors_for) {
  constexpr const char* kOwnerGone = "its process no longer exists, or its deadline has passed";
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
    } else if (cache != each.labels.end() && (cache->second == "etc" || cache->second == "content")) {
      const auto image = each.labels.find(sandbox::kImageLabel);
      if (image != each.labels.end() && !mounted.contains(each.name) && !inventory.image_ids.contains(image->second) &&
          inventory.now - each.created >= supervisors_for.count())
        garbage.push_back(item(Kind::volume, each.name, each.name, "the files of an image that no longer exists"));
    }
  }
  for (const auto& each : inventory.images)
    if (is_other_supervisor(each, inventory) && inventory.now - each.last_used >= supervisors_for.count()) {
      auto image = item(Kind::image, each.id, each.tags.empty() ? each.id : each.tags.front(),
                        "the supervisor of another version, not in use");
      image.tags = each.tags;
      image.bytes = each.bytes;
      garbage.push_back(std::move(image));
    }
  for (const auto& each : inventory.networks)
    if (orphan(each.labels)) garbage.push_back(item(Kind::network, each.id, each.name, kOwnerGone));
  add_images(garbage, inventory, policy);
  return garbage;
}

}  // namespace dind
