// A call of the Engine API: the version negotiated, the path prefixed, a failing status turned into an Error, JSON
// read.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/http_client.hpp"
#include "engine/status.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The newest version that this client was written for, and the oldest that has every field we set (CgroupnsMode).
inline constexpr const char* kNewestApi = "1.47";
inline constexpr const char* kMinApi = "1.41";

Task<Result<Ping>> ping_engine(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});
// Without a prefix in the path, so that it can be asked before there is a version.
Task<Result<Version>> engine_version(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// "/v1.41". Asks the engine unless it is known; no request has to be the first.
Task<Result<std::string>> api_prefix(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// For calls that run code or fetch it: an Error (engine_error) where the engine is Podman.
Task<Result<void>> require_docker(std::shared_ptr<HttpClient> http, Deadline deadline, Cancel cancel = {});

// Sends `request`, whose target has no prefix. Podman builds nothing: that is an Error (require_docker). Status
// 2xx and 304 are replies, everything else an Error.
Task<Result<HttpReply>> call(std::shared_ptr<HttpClient> http, HttpRequest request, CallKind kind = CallKind::general);
// The same for calls that answer with a JSON object or array.
Task<Result<nlohmann::json>> call_json(std::shared_ptr<HttpClient> http, HttpRequest request,
                                       CallKind kind = CallKind::general);

// What to speak with an engine that takes `min` to `max` (`min` empty: not said). Pure.
Result<std::string> choose_api_version(const Endpoint& endpoint, const std::string& max, const std::string& min);

HttpRequest get(std::string target, std::string what, Deadline deadline);
HttpRequest post(std::string target, std::string what, Deadline deadline);
HttpRequest post_json(std::string target, const nlohmann::json& body, std::string what, Deadline deadline);
HttpRequest remove(std::string target, std::string what, Deadline deadline);

}  // namespace dind::engine
