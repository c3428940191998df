#include "services/reaper.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

#include "sandbox/hardening.hpp"
#include "support/ids.hpp"
#include "support/log.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kBetween = 30s;
constexpr auto kPassTime = 25s;

// The engine's clock, where it tells it: ours may be another machine's.
std::int64_t unix_time(const std::string& rfc3339) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(rfc3339.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6) {
    return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  }
  const auto date = std::chrono::sys_days(std::chrono::year(year) / month / day);
  std::int64_t seconds = date.time_since_epoch().count() * 86400LL + hour * 3600 + minute * 60 + second;
  // "…+09:00": local time ahead of UTC.
  const auto zone = rfc3339.find_first_of("+-", 19);
  int zone_hours = 0, zone_minutes = 0;
  if (zone != std::string::npos &&
      std::sscanf(rfc3339.c_str() + zone + 1, "%2d:%2d", &zone_hours, &zone_minutes) == 2) {
    seconds += (rfc3339[zone] == '+' ? -1 : 1) * (zone_hours * 3600 + zone_minutes * 60);
  }
  return seconds;
}

}  // namespace

bool is_orphan(const engine::Labels& labels, const std::string& self, std::int64_t now) {
  const auto owner = labels.find(sandbox::kOwnerLabel);
  if (owner == labels.end() || owner->second == self) return false;
  if (owner_is_gone(owner->second)) return true;
  const auto text = labels.find(sandbox::kDeadlineLabel);
  if (text == labels.end()) return false;
  std::int64_t deadline = 0;
  const auto& digits = text->second;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), deadline);
  return parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size() && deadline < now;
}

Reaper::Reaper(asio::any_io_executor executor, engine::Client& client, std::string owner)
    : executor_(std::move(executor)), client_(client), owner_(std::move(owner)) {}

Task<Result<std::size_t>> Reaper::sweep(Deadline deadline) {
  const std::vector<std::string> ours{sandbox::kOwnerLabel};
  const auto info = co_await client_.info(deadline);
  if (!info) co_return std::unexpected(info.error());
  const auto now = unix_time(info->system_time);
  std::size_t removed = 0;
  const auto count = [&](const char* kind, const std::string& name, const Result<void>& result) {
    if (result) {
      ++removed;
      log(LogLevel::info, std::string("Removed the ") + kind + " " + name + ", which another instance had left behind");
    } else {
      log(LogLevel::warning,
          std::string("The ") + kind + " " + name + " is left behind and can't be removed: " + result.error().message);
    }
  };
  const auto containers = co_await client_.list_containers(ours, deadline);
  if (!containers) co_return std::unexpected(containers.error());
  for (const auto& each : *containers)
    if (is_orphan(each.labels, owner_, now))
      count("container", each.name, co_await client_.remove_container(each.id, deadline));
  const auto volumes = co_await client_.list_volumes(ours, deadline);
  if (!volumes) co_return std::unexpected(volumes.error());
  for (const auto& each : *volumes)
    if (is_orphan(each.labels, owner_, now))
      count("volume", each.name, co_await client_.remove_volume(each.name, deadline));
  const auto networks = co_await client_.list_networks(ours, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  for (const auto& each : *networks)
    if (is_orphan(each.labels, owner_, now))
      count("network", each.name, co_await client_.remove_network(each.id, deadline));
  co_return removed;
}

Task<void> Reaper::keep_sweeping(Cancel cancel) {
  Signal wake(executor_);
  const auto heard = cancel.on_cancel([&wake] { wake.notify(); });
  while (!cancel.cancelled()) {
    if (const auto swept = co_await sweep(in(kPassTime)); !swept)
      log(LogLevel::debug, "No clean-up pass: " + swept.error().message);
    if (!cancel.cancelled()) co_await wake.wait(in(kBetween));
  }
}

}  // namespace dind
