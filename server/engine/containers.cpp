// Client: containers, from create to remove, and files in them.
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "engine/container_codec.hpp"
#include "engine/hijacked_stream.hpp"
#include "engine/podman.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"
#include "support/text/base64.hpp"
#include "support/units.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

std::string container_path(const std::string& id, const std::string& rest = "") {
  return "/containers/" + percent_encode(id) + rest;
}

// Success, or the error; an error with one of the statuses in `fine` is success.
Result<void> done(const Result<HttpReply>& reply, std::initializer_list<int> fine = {}) {
  if (reply) return {};
  for (const int status : fine)
    if (reply.error().engine_status == status) return {};
  return std::unexpected(reply.error());
}

}  // namespace

ContainerSpec Client::as_reported(ContainerSpec spec) const {
  return is_podman() ? reported_by_podman(std::move(spec), profile_file_) : std::move(spec);
}

Task<Result<CreatedContainer>> Client::create_container(std::string name, ContainerSpec spec, Deadline deadline) {
  const auto http = http_;
  if (is_podman()) spec = fitted_to_podman(std::move(spec), profile_file_);
  const auto json = co_await call_json(
      http, post_json("/containers/create" + query({{"name", name}}), create_body(spec), "create container", deadline));
  if (!json) co_return std::unexpected(json.error());
  CreatedContainer created{text(*json, "Id"), texts(*json, "Warnings")};
  if (created.id.empty())
    co_return std::unexpected(bad_reply(http->endpoint(), "create container", "its reply names no container ID"));
  co_return created;
}

Task<Result<std::pair<ContainerState, ContainerSpec>>> Client::inspect_container_state_and_spec(std::string id,
                                                                                                Deadline deadline) {
  const auto http = http_;
  auto json = co_await call_json(http, get(container_path(id, "/json"), "inspect container", deadline));
  if (!json) co_return std::unexpected(json.error());
  if (text(*json, "Id").empty())
    co_return std::unexpected(bad_reply(http->endpoint(), "inspect container", "its reply names no container ID"));
  co_return std::pair(state_from_inspect(*json),
                      spec_from_inspect(is_podman() ? inspect_of_podman(std::move(*json)) : std::move(*json)));
}

Task<Result<ContainerState>> Client::inspect_container(std::string id, Deadline deadline) {
  auto whole = co_await inspect_container_state_and_spec(std::move(id), deadline);
  if (!whole) co_return std::unexpected(whole.error());
  co_return std::move(whole->first);
}

Task<Result<ContainerSpec>> Client::inspect_container_spec(std::string id, Deadline deadline) {
  auto whole = co_await inspect_container_state_and_spec(std::move(id), deadline);
  if (!whole) co_return std::unexpected(whole.error());
  co_return std::move(whole->second);
}

Task<Result<ContainerSize>> Client::container_size(std::string id, Deadline deadline) {
  const auto json = co_await call_json(http_, get(container_path(id, "/json?size=1"), "measure container", deadline));
  if (!json) co_return std::unexpected(json.error());
  co_return ContainerSize{.status = text(field(*json, "State"), "Status"),
                          .network_mode = text(field(*json, "HostConfig"), "NetworkMode"),
                          .labels = text_map(field(*json, "Config"), "Labels"),
                          .written_bytes = number(*json, "SizeRw")};
}

Task<Result<ContainerUsage>> Client::container_usage(std::string id, Deadline deadline) {
  const auto json = co_await call_json(
      http_, get(container_path(id, "/stats?stream=false&one-shot=true"), "measure container", deadline));
  if (!json) co_return std::unexpected(json.error());
  const Json& memory = field(*json, "memory_stats");
  const Json& counters = field(memory, "stats");
  // The names in version 1 and 2 of control groups.
  const auto droppable = number(counters, "total_inactive_file", number(counters, "inactive_file"));
  const std::chrono::nanoseconds cpu_time(number(field(field(*json, "cpu_stats"), "cpu_usage"), "total_usage"));
  co_return ContainerUsage{.memory_bytes = std::max<std::int64_t>(0, number(memory, "usage") - droppable),
                           .cpu_time = std::chrono::duration_cast<std::chrono::milliseconds>(cpu_time)};
}

Task<Result<void>> Client::update_pids_limit(std::string id, std::int64_t max_pids, Deadline deadline) {
  co_return done(co_await call(
      http_, post_json(container_path(id, "/update"), Json{{"PidsLimit", max_pids}}, "limit container", deadline)));
}

Task<Result<void>> Client::start_container(std::string id, Deadline deadline) {
  co_return done(co_await call(http_, post(container_path(id, "/start"), "start container", deadline)));
}

Task<Result<std::unique_ptr<HijackedStream>>> Client::attach_container(std::string id, Deadline deadline) {
  const auto http = http_;
  const auto prefix = co_await api_prefix(http, deadline);
  if (!prefix) co_return std::unexpected(prefix.error());
  const std::string target = *prefix + container_path(id, "/attach?stream=1&stdin=1&stdout=1&stderr=1");
  auto stream =
      co_await HijackedStream::open(http->executor(), http->endpoint(), target, "attach to container", deadline);
  if (!stream && stream.error().code == ErrorCode::engine_unavailable) http->api_version.reset();
  co_return std::move(stream);
}

Task<Result<WaitResult>> Client::wait_container(std::string id, std::string condition, Deadline deadline) {
  const auto http = http_;
  const auto json = co_await call_json(
      http, post(container_path(id, "/wait" + query({{"condition", condition}})), "wait for container", deadline));
  if (!json) co_return std::unexpected(json.error());
  if (const auto problem = text(field(*json, "Error"), "Message"); !problem.empty())
    co_return fail(ErrorCode::engine_error, "The engine at " + http->endpoint().address +
                                                " answered 'wait for container': " + one_line(problem));
  if (!field(*json, "StatusCode").is_number())
    co_return std::unexpected(bad_reply(http->endpoint(), "wait for container", "its reply has no StatusCode"));
  co_return WaitResult{number(*json, "StatusCode")};
}

Task<Result<void>> Client::kill_container(std::string id, std::string signal, Deadline deadline) {
  co_return done(
      co_await call(http_, post(container_path(id, "/kill" + query({{"signal", signal}})), "kill container", deadline)),
      {404, 409});
}

Task<Result<void>> Client::rename_container(std::string id, std::string name, Deadline deadline) {
  const std::string target = container_path(id, "/rename") + query({{"name", name}});
  co_return done(co_await call(http_, post(target, "rename container", deadline)));
}

Task<Result<void>> Client::remove_container(std::string id, Deadline deadline) {
  co_return done(co_await call(http_, engine::remove(container_path(id, "?force=1&v=1"), "remove container", deadline)),
                 {404});
}

Task<Result<std::vector<ContainerSummary>>> Client::list_containers(std::vector<std::string> labels,
                                                                    Deadline deadline) {
  const std::string target = "/containers/json" + query({{"all", "1"}, {"filters", filters_json({{"label", labels}})}});
  const auto json = co_await call_json(http_, get(target, "list containers", deadline));
  if (!json) co_return std::unexpected(json.error());
  std::vector<ContainerSummary> containers;
  if (!json->is_array()) co_return containers;
  for (const Json& each : *json) {
    const auto names = texts(each, "Names");
    std::string name = names.empty() ? "" : names.front();
    if (name.starts_with('/')) name.erase(0, 1);
    std::vector<std::string> volumes;
    if (const Json& mounts = field(each, "Mounts"); mounts.is_array())
      for (const Json& mount : mounts)
        if (text(mount, "Type") == "volume") volumes.push_back(text(mount, "Name"));
    containers.push_back({text(each, "Id"), std::move(name), text(each, "State"), text_map(each, "Labels"),
                          number(each, "Created"), text(each, "ImageID"), std::move(volumes)});
  }
  co_return containers;
}

Task<Result<std::optional<PathStat>>> Client::stat_path(std::string id, std::string path, Deadline deadline) {
  const auto http = http_;
  // The reply to a HEAD has no text from the engine, so the name of the call must say everything (N07).
  const std::string what = "look at " + path + " in a container";
  HttpRequest request = get(container_path(id, "/archive" + query({{"path", path}})), what, deadline);
  request.method = "HEAD";
  const auto reply = co_await call(http, std::move(request));
  if (!reply) {
    if (reply.error().engine_status == 404) co_return std::optional<PathStat>{};
    co_return std::unexpected(reply.error());
  }
  const auto header = reply->headers.find("x-docker-container-path-stat");
  const Json json = Json::parse(
      header == reply->headers.end() ? std::string() : from_base64(header->second).value_or(""), nullptr, false);
  if (!json.is_object())
    co_return std::unexpected(bad_reply(http->endpoint(), what, "its reply does not describe the file"));
  co_return PathStat{.modified = unix_seconds(text(json, "mtime"), 0),
                     .size = number(json, "size"),
                     .mode = static_cast<std::uint32_t>(number(json, "mode")),
                     .link = text(json, "linkTarget")};
}

Task<Result<std::optional<std::string>>> Client::download_archive(std::string id, std::string path, std::size_t max,
                                                                  Deadline deadline) {
  HttpRequest request =
      get(container_path(id, "/archive" + query({{"path", path}})), "get a file of container", deadline);
  std::string tar;
  request.on_body = [&tar, max](std::string_view bytes) {
    tar += bytes.substr(0, max - tar.size());
    return tar.size() < max;
  };
  const auto reply = co_await call(http_, std::move(request));
  if (reply) co_return std::move(tar);
  if (reply.error().engine_status == 404) co_return std::optional<std::string>();
  co_return std::unexpected(reply.error());
}

Task<Result<void>> Client::put_archive(std::string id, std::string path, std::string tar, Deadline deadline) {
  HttpRequest request =
      post(container_path(id, "/archive" + query({{"path", path}})), "put files into container", deadline);
  request.method = "PUT";
  request.content_type = "application/x-tar";
  request.body = std::move(tar);
  co_return done(co_await call(http_, std::move(request)));
}

}  // namespace dind::engine
