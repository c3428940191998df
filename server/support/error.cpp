#include "dind/error.hpp"

#include "dind/cancel_reason.hpp"

namespace dind {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_request:
      return "invalid_request";
    case ErrorCode::unsupported_language:
      return "unsupported_language";
    case ErrorCode::disabled:
      return "disabled";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::image_unavailable:
      return "image_unavailable";
    case ErrorCode::engine_error:
      return "engine_error";
    case ErrorCode::engine_unavailable:
      return "engine_unavailable";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_request:
    case ErrorCode::unsupported_language:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::busy:
      return 429;
    case ErrorCode::image_unavailable:
      return 424;
    case ErrorCode::engine_error:
      return 502;
    case ErrorCode::disabled:
    case ErrorCode::engine_unavailable:
      return 503;
    case ErrorCode::cancelled:
      return 409;  // clients do not know nginx's status 499
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

std::string_view to_string(CancelReason reason) {
  switch (reason) {
    case CancelReason::user:
      return "user";
    case CancelReason::deadline:
      return "deadline";
    case CancelReason::shutdown:
      return "shutdown";
    case CancelReason::client_gone:
      return "client_gone";
  }
  return "user";
}

}  // namespace dind
