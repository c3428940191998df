#include "rpc/message.hpp"

#include "support/json_reader.hpp"

namespace dind::rpc {
namespace {

// Deeper than any message of LSP, but small enough to process safely.
constexpr JsonBounds kBounds{.depth = 256};

// Bytes that are not UTF-8 become U+FFFD instead of an exception: a file name may contain them.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Invalid invalid(Json id, int code, std::string message) { return {std::move(id), {code, std::move(message), nullptr}}; }

bool is_id(const Json& id) { return id.is_string() || id.is_number_integer(); }

Json take(Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() ? Json() : std::move(*it);
}

Message read_response(Json& object, Json id) {
  Response response{.id = std::move(id), .result = {}, .failure = {}};
  if (object.contains("error")) {
    const Json error = take(object, "error");
    response.failure =
        Failure{.code = code::kInternalError, .message = "the client answered with an error", .data = {}};
    if (error.is_object()) {
      if (const auto it = error.find("code"); it != error.end() && it->is_number_integer())
        response.failure->code = it->get<int>();
      if (const auto it = error.find("message"); it != error.end() && it->is_string())
        response.failure->message = it->get<std::string>();
    }
  }
  response.result = take(object, "result");
  return response;
}

}  // namespace

Message parse_message(std::string_view body) {
  auto read = read_json(body, kBounds);
  if (!read) {
    auto& problem = read.error();
    const bool parsed = problem.fault != JsonFault::not_json;
    return invalid(parsed ? std::move(problem.id) : Json(), parsed ? code::kInvalidRequest : code::kParseError,
                   "The message " + problem.what);
  }
  Json object = std::move(*read);
  if (object.is_array())
    return invalid(nullptr, code::kInvalidRequest, "Batches are not supported: send one message in each frame");
  if (!object.is_object()) return invalid(nullptr, code::kInvalidRequest, "A message is a JSON object");
  Json id = take(object, "id");
  const bool has_id = object.contains("id");
  if (has_id && !id.is_null() && !is_id(id))
    return invalid(nullptr, code::kInvalidRequest, "An id is a string or an integer");
  if (const auto version = object.find("jsonrpc"); version == object.end() || *version != "2.0")
    return invalid(is_id(id) ? std::move(id) : Json(), code::kInvalidRequest,
                   "The message has no \"jsonrpc\": \"2.0\"");
  const auto method = object.find("method");
  if (method == object.end()) {
    if (has_id && (object.contains("result") || object.contains("error"))) return read_response(object, std::move(id));
    return invalid(is_id(id) ? std::move(id) : Json(), code::kInvalidRequest, "The message has no method");
  }
  if (!method->is_string())
    return invalid(is_id(id) ? std::move(id) : Json(), code::kInvalidRequest, "A method is a string");
  if (has_id && id.is_null()) return invalid(nullptr, code::kInvalidRequest, "An id is a string or an integer");
  Json params = take(object, "params");
  if (!params.is_null() && !params.is_structured())
    return invalid(std::move(id), code::kInvalidRequest, "params is an object or an array");
  auto name = method->get<std::string>();
  if (has_id) return Request{std::move(id), std::move(name), std::move(params)};
  return Notification{std::move(name), std::move(params)};
}

Json id_in(std::string_view beginning) {
  auto read = read_json(beginning, kBounds);
  return read ? Json() : std::move(read.error().id);
}

std::string request_text(const Json& id, std::string_view method, Json params) {
  return dump({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
}
std::string notification_text(std::string_view method, Json params) {
  return dump({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}
std::string result_text(const Json& id, Json result) {
  return dump({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}
std::string failure_text(const Json& id, const Failure& failure) {
  Json error{{"code", failure.code}, {"message", failure.message}};
  if (!failure.data.is_null()) error["data"] = failure.data;
  return dump({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}});
}

}  // namespace dind::rpc
