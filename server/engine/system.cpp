// Client: data about the engine: ping, version, info.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "support/clock.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;

Client::Client(asio::any_io_executor executor, Endpoint endpoint)
    : http_(std::make_shared<HttpClient>(executor, std::move(endpoint))) {}
Client::~Client() = default;

std::int64_t Client::unix_now() const { return dind::unix_now() + http_->clock_offset(); }

const Endpoint& Client::endpoint() const { return http_->endpoint(); }

Task<Result<Ping>> Client::ping(Deadline deadline) { return ping_engine(http_, deadline); }

Task<Result<Version>> Client::version(Deadline deadline) { return engine_version(http_, deadline); }

Task<Result<Info>> Client::info(Deadline deadline) {
  const auto json = co_await call_json(http_, get("/info", "info", deadline));
  if (!json) co_return std::unexpected(json.error());
  Info info;
  info.storage_driver = text(*json, "Driver");
  info.cgroup_version = text(*json, "CgroupVersion");
  info.cgroup_driver = text(*json, "CgroupDriver");
  info.default_runtime = text(*json, "DefaultRuntime");
  if (const Json& runtimes = field(*json, "Runtimes"); runtimes.is_object())
    for (const auto& [name, runtime] : runtimes.items()) info.runtimes.push_back(name);
  info.security_options = texts(*json, "SecurityOptions");
  info.docker_root_dir = text(*json, "DockerRootDir");
  info.memory_bytes = number(*json, "MemTotal");
  info.cpus = static_cast<int>(std::clamp<std::int64_t>(number(*json, "NCPU"), 0, INT32_MAX));
  info.system_time = text(*json, "SystemTime");
  info.name = text(*json, "Name");
  info.labels = environment(*json, "Labels");
  co_return info;
}

bool Client::is_podman() const { return !http_->podman.empty(); }

}  // namespace dind::engine
