#include "sandbox/start/internet_network.hpp"

#include <algorithm>
#include <utility>

#include "sandbox/hardening.hpp"
#include "sandbox/labels.hpp"
#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/scope_exit.hpp"

namespace dind::sandbox {
namespace {

constexpr const char* kOurs = "internet";  // the value of kCacheLabel

std::size_t count(const std::vector<engine::NetworkSummary>& networks, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::count(networks, name, &engine::NetworkSummary::name));
}

}  // namespace

std::string choose_internet_network(const std::vector<engine::NetworkSummary>& networks) {
  const engine::NetworkSummary* chosen = nullptr;
  for (const auto& each : networks) {
    if (!each.name.starts_with(kInternetNetwork) || count(networks, each.name) > 1) continue;
    if (chosen == nullptr || std::pair(each.created, each.name) < std::pair(chosen->created, chosen->name))
      chosen = &each;
  }
  return chosen == nullptr ? std::string() : chosen->name;
}

bool internet_network_is_missing(const Error& error) {
  return error.message.contains(std::string("network ") + kInternetNetwork) && error.message.contains("not found");
}

Task<Result<std::string>> InternetNetwork::ensure(Deadline deadline) {
  if (!looked_) looked_.emplace(co_await asio::this_coro::executor);
  co_await until(*looked_, [this] { return !looking_; }, deadline);
  if (!name_.empty()) co_return name_;
  looking_ = true;
  const ScopeExit over([this] {
    looking_ = false;
    looked_->notify();
  });
  auto found = co_await find(deadline);
  if (found && found->empty()) found = co_await create(deadline);
  if (found) name_ = *found;
  co_return found;
}

Task<Result<std::string>> InternetNetwork::find(Deadline deadline) {
  const auto networks = co_await client_.list_networks({std::string(kCacheLabel) + '=' + kOurs}, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  // Those that have one name are of no use. The engine keeps one that a container still uses.
  for (const auto& each : *networks)
    if (count(*networks, each.name) > 1) (void)co_await client_.remove_network(each.id, deadline);
  co_return choose_internet_network(*networks);
}

Task<Result<std::string>> InternetNetwork::create(Deadline deadline) {
  const std::string own = std::string(kInternetNetwork) + '-' + random_id(4);
  engine::NetworkSpec spec{.name = own,
                           .labels = {{kCacheLabel, kOurs}},
                           .internal = false,
                           .options = {{"com.docker.network.bridge.enable_icc", "false"}}};
  const auto made = co_await client_.create_network(std::move(spec), deadline);
  auto chosen = co_await find(deadline);
  if (chosen && !chosen->empty()) {
    if (*chosen != own && made) (void)co_await client_.remove_network(own, deadline);
    co_return chosen;
  }
  if (!made) co_return std::unexpected(made.error());
  if (!chosen) co_return chosen;
  co_return own;
}

}  // namespace dind::sandbox
