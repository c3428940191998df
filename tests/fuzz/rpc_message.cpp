// One message: a bad one is only refused, and an accepted one is the same after it is written and read again.
#include "fuzz.hpp"
#include "rpc/message.hpp"

using namespace dind;
using namespace dind::rpc;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Message message = parse_message({reinterpret_cast<const char*>(data), size});
  std::string again;
  if (const auto* request = std::get_if<Request>(&message)) {
    fuzz::require(request->id.is_string() || request->id.is_number_integer(), "an id is a string or an integer");
    again = request_text(request->id, request->method, request->params);
    const auto read = parse_message(again);
    const auto* same = std::get_if<Request>(&read);
    fuzz::require(same && same->id == request->id && same->method == request->method && same->params == request->params,
                  "a request is the same after it is written and read again");
    again = result_text(request->id, request->params);
  } else if (const auto* notification = std::get_if<Notification>(&message)) {
    again = notification_text(notification->method, notification->params);
    const auto read = parse_message(again);
    const auto* same = std::get_if<Notification>(&read);
    fuzz::require(same && same->method == notification->method && same->params == notification->params,
                  "a notification is the same after it is written and read again");
  } else if (const auto* response = std::get_if<Response>(&message)) {
    again = response->failure ? failure_text(response->id, *response->failure)
                              : result_text(response->id, response->result);
  } else {
    const auto& invalid = std::get<Invalid>(message);
    again = failure_text(invalid.id, invalid.failure);
  }
  fuzz::require(fuzz::is_utf8(again), "a written message is UTF-8");
  fuzz::require(!Json::parse(again, nullptr, false).is_discarded(), "a written message is JSON");
  return 0;
}
