// One HTTP request and its reply, to the engine's address: Unix socket, TCP or TLS. Connections are kept and used
// again.
//
// Errors: engine_unavailable (nothing answers in time), engine_error (the reply is too large or incomplete), cancelled.
// Every HTTP status is a reply.
//
// A proxy is never used (the docker CLI differs here). The engine's API is root on the engine's machine and must not
// pass through the operator of HTTP_PROXY. Names such as `dind` mean nothing to a proxy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "engine/types.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::engine {

class CurlLoop;

// An engine that is down must be reported within 2 s, including the answer.
inline constexpr std::chrono::milliseconds kConnectTimeout{1800};
inline constexpr std::size_t kReplyLimit = 16 << 20;

struct HttpRequest {
  std::string method = "GET";
  std::string target;        // path and query
  std::string what;          // names the call in errors: "create container"
  Deadline deadline{};       // of the whole request
  std::string content_type;  // of `body`
  std::string body;
  std::shared_ptr<BodyFile> body_file;  // instead of `body`: read while it is sent, and sent while it is written
  std::vector<std::pair<std::string, std::string>> headers;
  // Of the reply's body in bytes. With `on_body`, only the body of a failure counts.
  std::size_t reply_limit = kReplyLimit;
  // Gets the body of a 2xx reply as it arrives, instead of HttpReply::body. False ends the request as if the reply had
  // ended.
  std::function<bool(std::string_view)> on_body;
  std::function<void()> on_accepted;  // called when the head of a 2xx reply has arrived
  Cancel cancel;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class HttpClient {
 public:
  HttpClient(const asio::any_io_executor& executor, Endpoint endpoint);
  ~HttpClient();

  // May be destroyed at any point of its wait, and may outlive this object.
  Task<Result<HttpReply>> request(HttpRequest request);

  const Endpoint& endpoint() const { return endpoint_; }
  const asio::any_io_executor& executor() const { return executor_; }

  // Seconds by which the engine's clock is ahead of this machine's, from the last reply's Date (RFC 9110, section
  // 6.6.1).
  std::int64_t clock_offset() const { return *clock_offset_; }

  // The negotiated API version (api.cpp): "1.41". Empty after the engine was unreachable.
  std::optional<std::string> api_version;
  // The version of Podman that answered then; empty: it is not Podman.
  std::string podman;

 private:
  asio::any_io_executor executor_;
  Endpoint endpoint_;
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<std::int64_t> clock_offset_ = std::make_shared<std::int64_t>(0);
};

}  // namespace dind::engine
