// Errors as JSON: `ErrorData` of api/error.schema.json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "dind/error.hpp"

namespace dind {

nlohmann::json error_json(const Error& error);
nlohmann::json error_json(const Error& error, int status);
// For errors of a run, in every frontend. A program or folder that does not exist is 422: 404
// would look like a wrong path.
nlohmann::json run_error_json(const Error& error);

// Seconds after which a second try may help, for the header Retry-After and the field
// `retryAfter`. nullopt: it is not known that it helps.
std::optional<int> retry_after(ErrorCode code);

// Between processes of dind-executor and in the history: also what the engine answered.
nlohmann::json error_record(const Error& error);
// nullopt: `value` is not an error.
std::optional<Error> parse_error(const nlohmann::json& value);

}  // namespace dind
