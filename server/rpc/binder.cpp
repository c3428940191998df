#include "rpc/binder.hpp"

#include "support/text/quoted.hpp"

namespace dind::rpc {
namespace {

struct NoParams {};

Result<NoParams> decode_no_params(const Json& params) {
  if (params.empty()) return NoParams{};
  if (!params.is_object()) return fail(ErrorCode::invalid_request, "This method takes no params: leave them out");
  return fail(ErrorCode::invalid_request,
              "unknown field " + json_word(params.begin().key()) + "; no fields are supported here");
}

}  // namespace

Failure invalid_params(const Error& error) { return {code::kInvalidParams, error.message, nullptr}; }

void Binder::request(std::string method, std::function<void(Reply)> handle) {
  request(std::move(method), decode_no_params,
          [handle = std::move(handle)](NoParams, Reply reply) { handle(std::move(reply)); });
}

void Binder::notification(std::string method, std::function<void()> handle) {
  notifications_.insert_or_assign(std::move(method), [handle = std::move(handle)](const Json&) { handle(); });
}

void Binder::dispatch(Request request, Reply reply) const {
  const auto found = requests_.find(request.method);
  if (found == requests_.end()) {
    std::string names;
    for (const auto& [name, handle] : requests_) names += (names.empty() ? "" : ", ") + name;
    reply.fail(
        {code::kMethodNotFound, "unknown method " + json_word(request.method) + "; supported: " + names, nullptr});
    return;
  }
  found->second(request.params.is_null() ? Json::object() : std::move(request.params), std::move(reply));
}

void Binder::dispatch(const Notification& notification) const {
  if (const auto found = notifications_.find(notification.method); found != notifications_.end())
    found->second(notification.params);
}

std::vector<std::string> Binder::requests() const {
  std::vector<std::string> names;
  for (const auto& [name, handle] : requests_) names.push_back(name);
  return names;
}

}  // namespace dind::rpc
