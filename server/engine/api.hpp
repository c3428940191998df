// A call of the Engine API: negotiates the version, adds it to the path, turns a failing status into an Error and reads
// JSON.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/http_client.hpp"
#include "engine/status.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The newest version for which this client was written, and the oldest that has every field we set (CgroupnsMode).
inline constexpr const char* kNewestApi = "1.47";
inline constexpr const char* kMinApi = "1.41";

Task<Result<Ping>> ping_engine(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});
// Without a version in the path, so that it works before a version is negotiated.
Task<Result<Version>> engine_version(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// "/v1.41". Asks the engine if the version is not known, so any call may come first.
Task<Result<std::string>> api_prefix(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// For calls that build an image: an Error (engine_error) if the engine is Podman.
Task<Result<void>> require_docker(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// Sends `request`, whose target has no version prefix. A build on Podman is an Error (require_docker). Status 2xx and
// 304 are replies, all others are Errors.
Task<Result<HttpReply>> call(std::shared_ptr<HttpClient> http, HttpRequest request, CallKind kind = CallKind::general);
// The same, for calls that answer with a JSON object or array.
Task<Result<nlohmann::json>> call_json(std::shared_ptr<HttpClient> http, HttpRequest request,
                                       CallKind kind = CallKind::general);

// The version to speak with an engine that supports `min` to `max` (`min` empty: not reported). Pure.
Result<std::string> choose_api_version(const Endpoint& endpoint, const std::string& max, const std::string& min);

HttpRequest get(std::string target, std::string what, Deadline deadline);
HttpRequest post(std::string target, std::string what, Deadline deadline);
HttpRequest post_json(std::string target, const nlohmann::json& body, std::string what, Deadline deadline);
HttpRequest remove(std::string target, std::string what, Deadline deadline);

}  // namespace dind::engine
