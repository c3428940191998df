#include "engine/api.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/podman.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

using ApiVersion = std::pair<int, int>;

std::optional<ApiVersion> parse_version(std::string_view text) {
  ApiVersion version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.second);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

bool about_the_version(const Error& error) {
  return error.engine_status == 400 && error.message.contains("client version") &&
         error.message.contains("API version");
}

Result<Json> json_of_reply(const Endpoint& endpoint, const std::string& what, const HttpReply& reply) {
  Json json = Json::parse(reply.body, nullptr, false);
  if (json.is_object() || json.is_array()) return json;
  if (reply.body.empty()) return std::unexpected(bad_reply(endpoint, what, "its reply is empty"));
  return std::unexpected(bad_reply(endpoint, what, "its reply is not valid JSON: " + one_line(reply.body, 80)));
}

}  // namespace

HttpRequest get(std::string target, std::string what, Deadline deadline) {
  HttpRequest request;
  request.target = std::move(target);
  request.what = std::move(what);
  request.deadline = deadline;
  return request;
}
HttpRequest post(std::string target, std::string what, Deadline deadline) {
  HttpRequest request = get(std::move(target), std::move(what), deadline);
  request.method = "POST";
  return request;
}
HttpRequest post_json(std::string target, const nlohmann::json& body, std::string what, Deadline deadline) {
  HttpRequest request = post(std::move(target), std::move(what), deadline);
  request.content_type = "application/json";
  // The engine accepts UTF-8 only; other bytes become replacement characters.
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return request;
}
HttpRequest remove(std::string target, std::string what, Deadline deadline) {
  HttpRequest request = get(std::move(target), std::move(what), deadline);
  request.method = "DELETE";
  return request;
}

Task<Result<Ping>> ping_engine(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel) {
  HttpRequest request = get("/_ping", "ping", deadline);
  request.cancel = std::move(cancel);
  request.reply_limit = 64 << 10;
  auto reply = co_await http->request(std::move(request));
  if (!reply) {
    http->api_version.reset();
    co_return std::unexpected(reply.error());
  }
  if (reply->status != 200)
    co_return std::unexpected(status_error(http->endpoint(), "ping", reply->status, reply->body));
  Ping ping{reply->headers["api-version"], reply->headers["builder-version"], reply->headers["libpod-api-version"]};
  if (!parse_version(ping.api_version))
    co_return std::unexpected(bad_reply(http->endpoint(), "ping", "it does not name its API version"));
  co_return ping;
}

Task<Result<Version>> engine_version(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel) {
  HttpRequest request = get("/version", "version", deadline);
  request.cancel = std::move(cancel);
  auto reply = co_await http->request(std::move(request));
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->status != 200)
    co_return std::unexpected(status_error(http->endpoint(), "version", reply->status, reply->body));
  const auto json = json_of_reply(http->endpoint(), "version", *reply);
  if (!json) co_return std::unexpected(json.error());
  co_return Version{text(*json, "Version"), text(*json, "ApiVersion"), text(*json, "MinAPIVersion"), text(*json, "Os"),
                    text(*json, "Arch")};
}

Result<std::string> choose_api_version(const Endpoint& endpoint, const std::string& max, const std::string& min) {
  const auto highest = parse_version(max);
  if (!highest) return std::unexpected(bad_reply(endpoint, "ping", "it does not name its API version"));
  if (*highest < *parse_version(kMinApi))
    return fail(ErrorCode::engine_error, "The engine at " + endpoint.address + " speaks API " + max + ", and " +
                                             kMinApi +
                                             " is the oldest supported version. Update it to Docker 20.10 or later.");
  if (*highest <= *parse_version(kNewestApi)) return max;
  // This engine has dropped every version that we know. What we use has been stable for years. If the engine ignores
  // something, the comparison of the inspect reply with the request shows it.
  const auto lowest = parse_version(min);
  return lowest && *lowest > *parse_version(kNewestApi) ? min : std::string(kNewestApi);
}

Task<Result<std::string>> api_prefix(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel) {
  if (!http->api_version) {
    const auto ping = co_await ping_engine(http, deadline, cancel);
    if (!ping) co_return std::unexpected(ping.error());
    std::string min;
    if (parse_version(ping->api_version) > parse_version(kNewestApi)) {
      const auto version = co_await engine_version(http, deadline, cancel);
      if (!version) co_return std::unexpected(version.error());
      min = version->min_api_version;
    }
    auto chosen = choose_api_version(http->endpoint(), ping->api_version, min);
    if (!chosen) co_return std::unexpected(chosen.error());
    http->api_version = *chosen;
    http->podman = ping->podman;
  }
  co_return "/v" + *http->api_version;
}

Task<Result<void>> require_docker(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel) {
  // If the engine does not answer, the following call returns the error.
  if (!co_await api_prefix(http, deadline, cancel)) co_return Result<void>{};
  if (http->podman.empty()) co_return Result<void>{};
  http->api_version.reset();  // by now another engine may be at this address
  if (!co_await api_prefix(http, deadline, std::move(cancel))) co_return Result<void>{};
  if (http->podman.empty()) co_return Result<void>{};
  co_return std::unexpected(podman_refused(http->endpoint(), http->podman));
}

Task<Result<HttpReply>> call(std::shared_ptr<HttpClient> http, HttpRequest request, CallKind kind) {
  for (int attempt = 0;; ++attempt) {
    const auto prefix = co_await api_prefix(http, request.deadline, request.cancel);
    if (!prefix) {
      // The caller asked for this call, not for a ping.
      Error error = prefix.error();
      if (const auto at = error.message.find("'ping'"); at != std::string::npos)
        error.message.replace(at, 6, "'" + request.what + "'");
      co_return std::unexpected(std::move(error));
    }
    if (request.method == "POST" && !http->podman.empty() && builds(request.target)) {
      if (const auto docker = co_await require_docker(http, request.deadline, request.cancel); !docker)
        co_return std::unexpected(docker.error());
      continue;
    }
    HttpRequest prefixed = request;
    prefixed.target = *prefix + request.target;
    auto reply = co_await http->request(std::move(prefixed));
    if (!reply) {
      if (reply.error().code == ErrorCode::engine_unavailable) http->api_version.reset();
      co_return std::unexpected(reply.error());
    }
    if ((reply->status >= 200 && reply->status < 300) || reply->status == 304) co_return std::move(*reply);
    Error error = status_error(http->endpoint(), request.what, reply->status, reply->body, kind);
    // The engine at this address is not the one with which the version was negotiated.
    if (attempt == 0 && about_the_version(error)) {
      http->api_version.reset();
      continue;
    }
    co_return std::unexpected(std::move(error));
  }
}

Task<Result<nlohmann::json>> call_json(std::shared_ptr<HttpClient> http, HttpRequest request, CallKind kind) {
  const std::string what = request.what;
  const auto reply = co_await call(http, std::move(request), kind);
  if (!reply) co_return std::unexpected(reply.error());
  co_return json_of_reply(http->endpoint(), what, *reply);
}

}  // namespace dind::engine
