// JSON-RPC 2.0 messages: parses incoming ones into values, and builds the text of outgoing ones.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace dind::rpc {

using Json = nlohmann::json;

// Codes of JSON-RPC and LSP.
namespace code {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kServerNotInitialized = -32002;
inline constexpr int kRequestFailed = -32803;
inline constexpr int kRequestCancelled = -32800;
}  // namespace code

struct Failure {
  int code = code::kInternalError;
  std::string message;
  Json data;  // null: no data
};

struct Request {
  Json id;  // a string or an integer
  std::string method;
  Json params;  // null: no parameters
};
struct Notification {
  std::string method;
  Json params;
};
struct Response {
  Json id;
  Json result;
  std::optional<Failure> failure;
};
// Not a valid message. The answer is `failure`, with `id` (null if it could not be read).
struct Invalid {
  Json id;
  Failure failure;
};
using Message = std::variant<Request, Notification, Response, Invalid>;

Message parse_message(std::string_view body);
// The id of a message of which only the beginning arrived; null: the beginning does not contain it.
Json id_in(std::string_view beginning);

std::string request_text(const Json& id, std::string_view method, Json params);
std::string notification_text(std::string_view method, Json params);
std::string result_text(const Json& id, Json result);
std::string failure_text(const Json& id, const Failure& failure);

}  // namespace dind::rpc
