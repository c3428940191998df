// Connects the methods of a protocol with their handlers: decodes the params, and refuses what no handler can take.
// A request gets exactly one reply: the handler owns the `Reply`, and a refusal consumes it. No I/O of its own.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dind/error.hpp"
#include "rpc/connection.hpp"
#include "rpc/message.hpp"

namespace dind::rpc {

// `{ code, message }` without data: how a protocol without error data reports params that do not fit.
Failure invalid_params(const Error& error);

class Binder {
 public:
  // `refuse` makes the reply for params that a decoder refuses; its Error names the field.
  explicit Binder(std::function<Failure(const Error&)> refuse = invalid_params) : refuse_(std::move(refuse)) {}
  Binder(const Binder&) = delete;  // the handlers refer to it
  Binder& operator=(const Binder&) = delete;

  // Binds a request. `decode` turns its params into a value: Result<Params>(const Json&). Missing params are an empty
  // object for it. `handle(Params, Reply)` is called only with decoded params.
  template <typename Decode, typename Handle>
  void request(std::string method, Decode decode, Handle handle) {
    requests_.insert_or_assign(
        std::move(method), [this, decode = std::move(decode), handle = std::move(handle)](Json params, Reply reply) {
          auto decoded = decode(params);
          if (decoded)
            handle(std::move(*decoded), std::move(reply));
          else
            reply.fail(refuse_(decoded.error()));
        });
  }
  // Binds a request without params. An empty array or object is the same as none; a field is refused by name.
  void request(std::string method, std::function<void(Reply)> handle);

  // Binds a notification, which has no reply. `decode` turns its params into an optional value; without a value, the
  // notification is ignored.
  template <typename Decode, typename Handle>
  void notification(std::string method, Decode decode, Handle handle) {
    notifications_.insert_or_assign(std::move(method),
                                    [decode = std::move(decode), handle = std::move(handle)](const Json& params) {
                                      if (auto decoded = decode(params)) handle(std::move(*decoded));
                                    });
  }
  void notification(std::string method, std::function<void()> handle);

  // Calls the handler of the request. Refuses an unknown method with the names of those that are bound.
  void dispatch(Request request, Reply reply) const;
  // An unknown notification is ignored, as JSON-RPC and LSP want it.
  void dispatch(const Notification& notification) const;

  bool has_request(std::string_view method) const { return requests_.contains(method); }
  std::vector<std::string> requests() const;  // in alphabetical order

 private:
  std::function<Failure(const Error&)> refuse_;
  std::map<std::string, std::function<void(Json, Reply)>, std::less<>> requests_;
  std::map<std::string, std::function<void(const Json&)>, std::less<>> notifications_;
};

}  // namespace dind::rpc
