// Client: volumes.
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;

Task<Result<void>> Client::create_volume(VolumeSpec spec, Deadline deadline) {
  const Json body{{"Name", spec.name}, {"Driver", "local"}, {"Labels", spec.labels}};
  const auto reply = co_await call(http_, post_json("/volumes/create", body, "create volume", deadline));
  if (!reply) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

Task<Result<bool>> Client::volume_exists(std::string name, Deadline deadline) {
  const auto reply = co_await call(http_, get("/volumes/" + percent_encode(name), "inspect volume", deadline));
  if (reply) co_return true;
  if (reply.error().engine_status == 404) co_return false;
  co_return std::unexpected(reply.error());
}

Task<Result<std::optional<Volume>>> Client::inspect_volume(std::string name, Deadline deadline) {
  const auto json = co_await call_json(http_, get("/volumes/" + percent_encode(name), "inspect volume", deadline));
  if (json) co_return Volume{.mountpoint = text(*json, "Mountpoint"), .labels = text_map(*json, "Labels")};
  if (json.error().engine_status == 404) co_return std::optional<Volume>();
  co_return std::unexpected(json.error());
}

Task<Result<void>> Client::remove_volume(std::string name, Deadline deadline) {
  const auto reply =
      co_await call(http_, engine::remove("/volumes/" + percent_encode(name), "remove volume", deadline));
  if (!reply && reply.error().engine_status != 404) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

Task<Result<std::vector<VolumeSummary>>> Client::list_volumes(std::vector<std::string> labels, Deadline deadline) {
  const auto json = co_await call_json(
      http_, get("/volumes" + query({{"filters", filters_json({{"label", labels}})}}), "list volumes", deadline));
  if (!json) co_return std::unexpected(json.error());
  std::vector<VolumeSummary> volumes;
  // Null if there are no volumes.
  if (const Json& list = field(*json, "Volumes"); list.is_array())
    for (const Json& each : list)
      volumes.push_back({text(each, "Name"), text_map(each, "Labels"), text(each, "CreatedAt")});
  co_return volumes;
}

}  // namespace dind::engine
