#include "wire/error_codec.hpp"

#include <nlohmann/json.hpp>

#include "wire/names.hpp"
#include "wire/request_fields.hpp"

namespace dind {

using nlohmann::json;

json error_json(const Error& error) { return error_json(error, http_status(error.code)); }

json error_json(const Error& error, int status) {
  json value{{"kind", to_string(error.code)}, {"message", error.message}, {"httpStatus", status}};
  if (const auto seconds = retry_after(error.code)) value["retryAfter"] = *seconds;
  return value;
}

json run_error_json(const Error& error) {
  constexpr int kUnprocessable = 422;
  return error_json(error, error.code == ErrorCode::not_found ? kUnprocessable : http_status(error.code));
}

std::optional<int> retry_after(ErrorCode code) { return code == ErrorCode::busy ? std::optional(1) : std::nullopt; }

json error_record(const Error& error) {
  json value = error_json(error);
  value["engineStatus"] = error.engine_status;
  return value;
}

std::optional<Error> parse_error(const json& value) {
  RequestFields fields(value, Sender::own_process);
  Error error;
  fields.require("kind", "a kind of error");
  fields.choice("kind", error.code);
  fields.text("message", error.message);
  fields.whole("engineStatus", error.engine_status);
  fields.find("httpStatus");
  fields.find("retryAfter");
  if (!fields.end()) return std::nullopt;
  return error;
}

}  // namespace dind
