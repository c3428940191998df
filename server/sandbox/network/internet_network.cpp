#include "sandbox/network/internet_network.hpp"

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
  // Docker: "network NAME not found". Podman: "unable to find network with name or ID NAME: network not found".
  return error.message.contains(kInternetNetwork) && error.message.contains("network ") &&
         error.message.contains("not found") && !error.message.contains("No such container");
}

Task<Result<std::string>> InternetNetwork::ensure(Deadline deadline) {
  const auto state = state_;
  if (!state->looked) state->looked.emplace(co_await asio::this_coro::executor);
  if (!co_await until(*state->looked, [state] { return !state->looking; }, deadline))
    co_return fail(ErrorCode::engine_unavailable, "The engine at " + client_.endpoint().address +
                                                      " did not say in time which networks it has. Run it again");
  if (!state->name.empty()) co_return state->name;
  state->looking = true;
  const ScopeExit over([state] {
    state->looking = false;
    state->looked->notify();
  });
  auto found = co_await find(deadline);
  if (found && found->empty()) found = co_await create(deadline);
  if (found) state->name = *found;
  co_return found;
}

Task<Result<std::string>> InternetNetwork::find(Deadline deadline) {
  const auto networks = co_await client_.list_networks({std::string(kCacheLabel) + '=' + kOurs}, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  auto chosen = choose_internet_network(*networks);
  // Others are left from processes that created one at the same moment. The engine keeps one that a container uses.
  for (const auto& each : *networks)
    if (each.name.starts_with(kInternetNetwork) &&
        (count(*networks, each.name) > 1 || (!chosen.empty() && each.name != chosen)))
      (void)co_await client_.remove_network(each.id, deadline);
  co_return chosen;
}

Task<Result<std::string>> InternetNetwork::create(Deadline deadline) {
  const std::string own = std::string(kInternetNetwork) + '-' + random_id(4);
  engine::NetworkSpec spec{.name = own,
                           .labels = {{kCacheLabel, kOurs}},
                           .internal = false,
                           .options = {{"com.docker.network.bridge.enable_icc", "false"}}};
  const auto made = co_await client_.create_network(std::move(spec), deadline);
  auto chosen = co_await find(deadline);
  if (chosen && !chosen->empty()) co_return chosen;
  if (!made) co_return std::unexpected(made.error());
  if (!chosen) co_return chosen;
  co_return own;
}

}  // namespace dind::sandbox
