// The one error type: why *we* could not run something. A program's own failure is a Verdict, never an Error.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace dind {

enum class ErrorCode {
  invalid_request,       // the request itself is wrong; trying again won't help
  unsupported_language,  // no recipe for it
  unauthorized,
  disabled,            // the operator switched runs off (DIND_ENABLED)
  not_found,           // a file, a run
  busy,                // the queue is full; try again later
  image_unavailable,   // not on the engine and could not be pulled
  engine_error,        // the engine answered, with an error or with nonsense
  engine_unavailable,  // nothing answers at the engine's address
  cancelled,           // the caller gave up before there was a program to stop
  internal,
};

// The name on the wire (`invalid_request`, …); stable.
std::string_view name(ErrorCode code);

// The HTTP status that belongs to it (400 … 503).
int http_status(ErrorCode code);

// `message` is one line for a person: what happened, what was seen, what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  int engine_status = 0;  // the engine's HTTP status where there was one, else 0
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, int engine_status = 0) {
  return std::unexpected<Error>(Error{code, std::move(message), engine_status});
}

}  // namespace dind
