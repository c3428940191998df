#include "services/upkeep/reaper.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <string>

#include "sandbox/hardening.hpp"
#include "sandbox/labels.hpp"
#include "services/upkeep/garbage.hpp"
#include "support/async/until.hpp"
#include "support/clock.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kSweepEvery = 30s;
// The time from the first pass to the second. If an instance died a moment ago, the engine may still create a container
// for its last call.
constexpr auto kSecondPass = 2s;
constexpr auto kSweepTime = 25s;
// In seconds. An object that this process created and does not know is removed at this age. The cause is a connection
// that broke while the engine created the object. By this age, every creation that a run here still owns is known.
constexpr std::int64_t kForgottenAfter = 60;

}  // namespace

bool is_orphan(const engine::Labels& labels, const std::string& self, std::int64_t now) {
  const auto owner = labels.find(sandbox::kOwnerLabel);
  if (owner == labels.end() || owner->second == self) return false;
  if (owner_is_gone(owner->second)) return true;
  // The owner is a process that lives on this machine. It ends its runs itself, whatever a clock says.
  if (owner_is_alive(owner->second)) return false;
  const auto text = labels.find(sandbox::kDeadlineLabel);
  if (text == labels.end()) return false;
  std::int64_t deadline = 0;
  const auto& digits = text->second;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), deadline);
  return parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size() && deadline < now;
}

Task<bool> has_labels_of_its_image(engine::Client& client, engine::ContainerSummary container, Deadline deadline) {
  const auto owner = container.labels.find(sandbox::kOwnerLabel);
  if (owner == container.labels.end()) co_return false;
  if (!container.image_id.empty()) {
    const auto image = co_await client.inspect_image(container.image_id, deadline);
    if (image && *image) {
      const auto own = (*image)->labels.find(sandbox::kOwnerLabel);
      co_return own != (*image)->labels.end() && own->second == owner->second;
    }
  }
  // The image no longer exists. Every container created by dind-executor has a name that begins with "dind-".
  co_return !container.name.starts_with("dind-");
}

namespace {

// The names under which a removal may know the object. It knows a warm sandbox by its id.
std::set<std::string> known_as(const engine::ContainerSummary& container) { return {container.name, container.id}; }
std::set<std::string> known_as(const engine::VolumeSummary& volume) { return {volume.name}; }
std::set<std::string> known_as(const engine::NetworkSummary& network) { return {network.name}; }

// Unix seconds on the engine's clock; `now` if the engine does not say.
std::int64_t created_at(const engine::ContainerSummary& container, std::int64_t now) {
  return container.created > 0 ? container.created : now;
}
std::int64_t created_at(const engine::VolumeSummary& volume, std::int64_t now) {
  return unix_seconds(volume.created, now);
}
std::int64_t created_at(const engine::NetworkSummary&, std::int64_t now) { return now; }

}  // namespace

Reaper::Reaper(engine::Client& client, std::string owner, sandbox::Removals& removals)
    : client_(client), owner_(std::move(owner)), removals_(removals) {}

Task<Result<std::size_t>> Reaper::sweep(Deadline deadline) {
  const std::vector<std::string> ours{sandbox::kOwnerLabel};
  const auto info = co_await client_.info(deadline);
  if (!info) co_return std::unexpected(info.error());
  // Use the engine's clock, if the engine reports it: this process may be on another machine.
  const auto now = unix_seconds(info->system_time, unix_now());
  std::size_t removed = 0;
  const auto gone_of_itself = [&, failures = removals_.failures()](const auto& containers, const auto& volumes) {
    const auto has = [](const auto& list, const std::string& name) {
      return std::ranges::any_of(list, [&](const auto& each) { return known_as(each).contains(name); });
    };
    for (const auto& name : failures)
      if (!has(containers, name) && !has(volumes, name)) removals_.forget(name);
  };
  const auto forgotten = [&](const auto& each) {
    const auto owner = each.labels.find(sandbox::kOwnerLabel);
    return owner != each.labels.end() && owner->second == owner_ && created_at(each, now) + kForgottenAfter < now &&
           std::ranges::none_of(known_as(each), &sandbox::Removals::is_known);
  };
  const auto due = [&](const auto& each) {
    return std::ranges::any_of(known_as(each), [&](const auto& name) { return removals_.failed(name); }) ||
           is_orphan(each.labels, owner_, now) || forgotten(each);
  };
  const auto count = [&](const char* kind, const auto& each, const Result<void>& result) {
    const std::string& name = each.name;
    if (result) {
      ++removed;
      bool before = false;
      for (const auto& known : known_as(each)) {
        before = before || removals_.failed(known);
        removals_.forget(known);
      }
      log(LogLevel::info, std::string("Removed the ") + kind + " " + name + ", which " +
                              (before            ? "could not be removed before"
                               : forgotten(each) ? "was created although the connection had broken"
                                                 : "another instance had left behind"));
    } else if (result.error().engine_status == 409) {
      log(LogLevel::debug, std::string("The ") + kind + " " + name + " is on its way: " + result.error().message);
    } else {
      log(LogLevel::warning,
          std::string("The ") + kind + " " + name + " is left behind and can't be removed: " + result.error().message);
    }
  };
  const auto containers = co_await client_.list_containers(ours, deadline);
  if (!containers) co_return std::unexpected(containers.error());
  for (const auto& each : *containers) {
    if (!due(each) || co_await has_labels_of_its_image(client_, each, deadline)) continue;
    count("container", each, co_await client_.remove_container(each.id, deadline));
  }
  const auto volumes = co_await client_.list_volumes(ours, deadline);
  if (!volumes) co_return std::unexpected(volumes.error());
  gone_of_itself(*containers, *volumes);
  for (const auto& each : *volumes)
    if (due(each)) count("volume", each, co_await client_.remove_volume(each.name, deadline));
  const auto networks = co_await client_.list_networks(ours, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  for (const auto& each : *networks)
    if (is_orphan(each.labels, owner_, now)) count("network", each, co_await client_.remove_network(each.id, deadline));
  co_return removed;
}

Task<void> Reaper::keep_sweeping(Cancel cancel) {
  if (cancel.cancelled()) co_return;
  co_await sweep_now();
  if (co_await sleep_for(kSecondPass, cancel)) co_await every(kSweepEvery, cancel, [this] { return sweep_now(); });
}

Task<void> Reaper::sweep_now() {
  if (const auto swept = co_await sweep(in(kSweepTime)); !swept)
    log(LogLevel::debug, "The clean-up failed: " + swept.error().message);
}

}  // namespace dind
