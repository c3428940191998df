// Client: image builds.
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/build_fault.hpp"
#include "engine/build_reader.hpp"
#include "engine/client.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

constexpr std::int64_t kCpuPeriod = 100'000;  // microseconds

std::string build_target(const ImageBuild& build) {
  const auto flag = [](bool on) { return std::string(on ? "1" : "0"); };
  std::string target = "/build" + query({{"dockerfile", build.dockerfile},
                                         {"t", build.tag},
                                         {"rm", "1"},
                                         {"forcerm", "1"},
                                         {"pull", flag(build.pull)},
                                         {"networkmode", build.network_mode}});
  if (!build.arguments.empty()) target += "&buildargs=" + percent_encode(Json(build.arguments).dump());
  if (!build.target.empty()) target += "&target=" + percent_encode(build.target);
  if (build.buildkit) {
    target += "&version=2&labels=" + percent_encode(Json(build.labels).dump());
  } else {
    target += "&version=1&memory=" + std::to_string(build.memory_bytes) +
              "&memswap=" + std::to_string(build.memory_bytes) + "&cpuperiod=" + std::to_string(kCpuPeriod) +
              "&cpuquota=" + std::to_string(std::llround(build.cpus * kCpuPeriod));
    Json ulimits = Json::array({{{"Name", "core"}, {"Soft", 0}, {"Hard", 0}}});
    if (build.max_file_bytes > 0)
      ulimits.push_back({{"Name", "fsize"}, {"Soft", build.max_file_bytes}, {"Hard", build.max_file_bytes}});
    target += "&ulimits=" + percent_encode(ulimits.dump());
  }
  return target;
}

}  // namespace

Task<Result<BuildOutcome>> Client::build_image(ImageBuild build, std::function<void(const BuildLine&)> on_line,
                                               Cancel cancel, Deadline deadline) {
  const auto http = http_;
  const std::string what = "build image";
  BuildReader reader;
  bool readable = true;
  HttpRequest request = post(build_target(build), what, deadline);
  request.content_type = "application/x-tar";
  request.body_file = build.context;
  if (!build.registry_config.empty()) request.headers.emplace_back("X-Registry-Config", build.registry_config);
  request.cancel = cancel;
  request.on_body = [&](std::string_view bytes) { return readable = reader.feed(bytes, on_line); };
  const auto reply = co_await call(http, std::move(request));
  if (const auto& failure = reader.failure()) {
    if (auto fault = build_fault(http->endpoint(), *failure)) co_return std::unexpected(std::move(*fault));
    co_return BuildOutcome{.image_id = {}, .failure = failure};
  }
  if (!reply) {
    // An unreadable Dockerfile is the author's fault, not a failure of the engine.
    if (auto words = refused_dockerfile(reply.error()))
      co_return BuildOutcome{.image_id = {}, .failure = BuildFailure{.message = std::move(*words)}};
    co_return std::unexpected(reply.error());
  }
  // A stream that ends in the midst of an object was cut; one of other words is no build's.
  if (readable && !reader.complete()) co_return std::unexpected(connection_broke(http->endpoint(), what));
  if (!readable || reader.image_id().empty())
    co_return std::unexpected(bad_reply(http->endpoint(), what, "its progress lines are not JSON, or name no image"));
  co_return BuildOutcome{.image_id = reader.image_id(), .failure = std::nullopt};
}

}  // namespace dind::engine
