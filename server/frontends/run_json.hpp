// Runs as JSON, the same in every frontend: the shapes of docs/protocol.md (RunResult, limits,
// error data), and bytes in JSON texts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind::frontends {

// `RunResult` of docs/protocol.md.
nlohmann::json result_json(const RunResult& result);

// The name of a state (queued · preparing · started) and its fields (docs/cli.md, --json).
std::string_view state_name(const StateChange& change);
nlohmann::json state_fields(const StateChange& change);

// { timeoutMs, memoryBytes, cpus, pids, network }
nlohmann::json limits_json(const Limits& limits, Network network);

// { kind, message, httpStatus, retryAfter? }
nlohmann::json error_json(const Error& error);
nlohmann::json error_json(const Error& error, int status);
// For errors of a run, in every frontend. A program or folder that does not exist is 422: 404
// would look like a wrong path.
nlohmann::json run_error_json(const Error& error);

// Seconds after which a second try may help, for the header Retry-After and the field
// `retryAfter`. nullopt: it is not known that it helps.
std::optional<int> retry_after(ErrorCode code);

std::string_view to_string(Channel channel);  // "stdout" · "stderr"

// Writes `value` as one line for every reader. U+0085, U+2028 and U+2029, which end a line for some readers, are
// escaped. Bytes that are not UTF-8 become U+FFFD.
std::string one_line(const nlohmann::json& value);

}  // namespace dind::frontends
