// Client: networks (bridges).
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;

Task<Result<void>> Client::create_network(NetworkSpec spec, Deadline deadline) {
  Json body{{"Name", spec.name},         {"Driver", "bridge"},    {"CheckDuplicate", true},
            {"Internal", spec.internal}, {"Labels", spec.labels}, {"Options", spec.options}};
  if (is_podman()) body["Options"] = Json::object();  // Podman refuses Docker's options
  const auto reply = co_await call(http_, post_json("/networks/create", body, "create network", deadline));
  if (!reply && reply.error().engine_status != 409) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

Task<Result<void>> Client::remove_network(std::string name, Deadline deadline) {
  const auto reply =
      co_await call(http_, engine::remove("/networks/" + percent_encode(name), "remove network", deadline));
  if (!reply && reply.error().engine_status != 404) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

Task<Result<std::vector<NetworkSummary>>> Client::list_networks(std::vector<std::string> labels, Deadline deadline) {
  const auto json = co_await call_json(
      http_, get("/networks" + query({{"filters", filters_json({{"label", labels}})}}), "list networks", deadline));
  if (!json) co_return std::unexpected(json.error());
  std::vector<NetworkSummary> networks;
  if (json->is_array())
    for (const Json& each : *json)
      networks.push_back({text(each, "Id"), text(each, "Name"), text_map(each, "Labels"), text(each, "Created")});
  co_return networks;
}

}  // namespace dind::engine
