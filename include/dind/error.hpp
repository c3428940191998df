// The one error type: why dind-executor could not run something. A program's own failure is a Verdict, never an Error.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace dind {

enum class ErrorCode {
  invalid_request,       // the request itself is wrong; another try does not help
  unsupported_language,  // no recipe exists for it
  disabled,              // the operator has switched runs off (DIND_ENABLED)
  not_found,             // for example a file or a run
  busy,                  // a bound of this process is reached, such as the length of the queue; try again later
  image_unavailable,     // the engine does not have it and could not pull it
  engine_error,          // the engine answered with an error or with an unusable reply
  engine_unavailable,    // nothing answers at the engine's address
  cancelled,             // the caller cancelled before a program was running
  internal,
};

// The name on the wire (`invalid_request`, …); stable.
std::string_view to_string(ErrorCode code);

// The HTTP status for this code (400 … 503).
int http_status(ErrorCode code);

// `message` is one line for a person: what happened, what was seen, what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  int engine_status = 0;  // the engine's HTTP status; 0: the engine sent none
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, int engine_status = 0) {
  return std::unexpected<Error>(Error{code, std::move(message), engine_status});
}

}  // namespace dind
