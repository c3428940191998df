#include "services/upkeep/engine_garbage.hpp"

#include <algorithm>

#include "sandbox/labels.hpp"
#include "sandbox/supervisor_image.hpp"
#include "services/images/built_images.hpp"
#include "services/upkeep/reaper.hpp"
#include "support/async/until.hpp"
#include "support/clock.hpp"
#include "support/log/log.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kFirst = 5min;  // a single run at the command line has no time for a pass
constexpr auto kCollectInterval = 3h;
constexpr auto kPassTime = 2min;
constexpr auto kSupervisorsFor = 24h;

}  // namespace

EngineGarbage::EngineGarbage(engine::Client& client, std::string owner, std::string supervisor_volume,
                             GarbagePolicy policy)
    : client_(client), owner_(std::move(owner)), supervisor_volume_(std::move(supervisor_volume)), policy_(policy) {}

Task<Result<Inventory>> EngineGarbage::take_inventory(Deadline deadline) {
  Inventory inventory;
  inventory.self = owner_;
  inventory.supervisor_volume = supervisor_volume_;
  if (const auto& image = sandbox::supervisor_image()) inventory.supervisor_image = image->name;
  const auto info = co_await client_.info(deadline);
  if (!info) co_return std::unexpected(info.error());
  inventory.now = unix_seconds(info->system_time, unix_now());

  // List images and volumes before containers. Then an object that gets used meanwhile counts as in use.
  auto images = co_await client_.list_images({sandbox::kBuiltLabel}, deadline);
  if (!images) co_return std::unexpected(images.error());
  auto supervisors = co_await client_.list_images({std::string(sandbox::kCacheLabel) + "=supervisor"}, deadline);
  if (!supervisors) co_return std::unexpected(supervisors.error());
  for (auto& each : *supervisors)
    if (std::ranges::none_of(*images, [&](const auto& other) { return other.id == each.id; }))
      images->push_back(std::move(each));
  for (const auto& each : *images) {
    const auto whole = co_await client_.inspect_image(each.id, deadline);
    if (!whole) co_return std::unexpected(whole.error());
    if (!*whole) continue;
    inventory.images.push_back({.id = each.id,
                                .tags = each.tags,
                                .labels = each.labels,
                                .bytes = each.size,
                                .last_used = last_use((*whole)->last_tagged, each.tags, each.created)});
  }
  const auto all_images = co_await client_.list_images({}, deadline);
  if (!all_images) co_return std::unexpected(all_images.error());
  for (const auto& each : *all_images) inventory.image_ids.insert(each.id);
  for (const auto* label : {sandbox::kCacheLabel, sandbox::kOwnerLabel}) {
    const auto volumes = co_await client_.list_volumes({label}, deadline);
    if (!volumes) co_return std::unexpected(volumes.error());
    for (const auto& each : *volumes) {
      if (label == sandbox::kOwnerLabel && each.labels.contains(sandbox::kCacheLabel)) continue;  // already listed
      // A volume without a creation time counts as new.
      inventory.volumes.push_back({each.name, each.labels, unix_seconds(each.created, inventory.now)});
    }
  }
  const auto networks = co_await client_.list_networks({sandbox::kOwnerLabel}, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  for (const auto& each : *networks) inventory.networks.push_back({each.id, each.name, each.labels});
  const auto containers = co_await client_.list_containers({}, deadline);
  if (!containers) co_return std::unexpected(containers.error());
  for (const auto& each : *containers) {
    inventory.containers.push_back({each.id, each.name, each.labels, each.image_id, each.volumes});
    auto& labels = inventory.containers.back().labels;
    if (is_orphan(labels, owner_, inventory.now) && co_await has_labels_of_its_image(client_, each, deadline))
      labels.erase(sandbox::kOwnerLabel);
  }
  co_return inventory;
}

Task<Result<void>> EngineGarbage::remove(GarbageItem item, Deadline deadline) {
  switch (item.kind) {
    case GarbageItem::Kind::container:
      co_return co_await client_.remove_container(item.id, deadline);
    case GarbageItem::Kind::volume:
      co_return co_await client_.remove_volume(item.id, deadline);
    case GarbageItem::Kind::network:
      co_return co_await client_.remove_network(item.id, deadline);
    case GarbageItem::Kind::image:
      break;
  }
  // Remove the image by its names. If it got another name meanwhile, it keeps that name and stays. A name that now
  // belongs to another image is not removed.
  if (item.tags.empty()) co_return co_await client_.remove_image(item.id, deadline);
  for (const auto& tag : item.tags) {
    const auto now = co_await client_.inspect_image(tag, deadline);
    if (!now) co_return std::unexpected(now.error());
    if (!*now || (*now)->id != item.id) continue;
    if (auto removed = co_await client_.remove_image(tag, deadline); !removed) co_return removed;
  }
  co_return Result<void>{};
}

Task<Result<GarbageReport>> EngineGarbage::pass(bool dry_run, std::chrono::seconds supervisors_for, Deadline deadline) {
  const auto inventory = co_await take_inventory(deadline);
  if (!inventory) co_return std::unexpected(inventory.error());
  GarbageReport report{.dry_run = dry_run, .items = find_garbage(*inventory, policy_, supervisors_for)};
  if (dry_run) co_return report;
  for (auto& each : report.items) {
    const auto removed = co_await remove(each, deadline);
    each.removed = removed.has_value();
    if (!removed) each.error = removed.error().message;
    const std::string what = std::string(to_string(each.kind)) + ' ' + each.name;
    if (removed) {
      log(LogLevel::info, "Removed the " + what + ": " + each.reason);
    } else {
      log(LogLevel::debug, "The " + what + " can't be removed: " + each.error);
    }
  }
  co_return report;
}

Task<Result<GarbageReport>> EngineGarbage::collect(bool dry_run, Deadline deadline) {
  co_return co_await pass(dry_run, 0s, deadline);
}

Task<void> EngineGarbage::keep_collecting(Cancel cancel) {
  if (co_await sleep_for(kFirst, cancel)) co_await every(kCollectInterval, cancel, [this] { return collect_now(); });
}

Task<void> EngineGarbage::collect_now() {
  if (const auto done = co_await pass(false, kSupervisorsFor, in(kPassTime)); !done)
    log(LogLevel::debug, "The garbage collection failed: " + done.error().message);
}

}  // namespace dind
