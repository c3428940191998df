// One HTTP request and its reply, to the engine's address: unix socket, TCP or TLS. Connections are kept and used
// again.
//
// Errors: engine_unavailable where nothing answers (in time), engine_error where the reply is too large or breaks off,
// cancelled. Every HTTP status is a reply. A proxy is never used: the engine's API is root on the engine's host, it
// isn't to be handed to whoever runs HTTP_PROXY, and names such as `dind` mean nothing to a proxy. (The docker CLI
// differs here.)
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
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::engine {

class CurlLoop;

// An engine that is down is to be known within 2 s, answer included.
inline constexpr std::chrono::milliseconds kConnectTimeout{1800};
inline constexpr std::size_t kReplyLimit = 16 << 20;

struct HttpRequest {
  std::string method = "GET";
  std::string target;        // path and query
  std::string what;          // names the call in errors: "create container"
  Deadline deadline{};       // of the whole call
  std::string content_type;  // of `body`
  std::string body;
  std::shared_ptr<BodyFile> body_file;  // in place of `body`: read as it is sent, and sent as it is written
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t reply_limit = kReplyLimit;  // bytes of the reply's body; with `on_body` only a failure's body counts
  // Gets the body of a 2xx reply as it comes, in place of HttpReply::body. False ends the call, as if the reply had
  // ended.
  std::function<bool(std::string_view)> on_body;
  std::function<void()> on_accepted;  // when the head of a 2xx reply is there
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

  // May be destroyed at any point of its wait, and outlives this object.
  Task<Result<HttpReply>> request(HttpRequest request);

  const Endpoint& endpoint() const { return endpoint_; }
  const asio::any_io_executor& executor() const { return executor_; }

  // Seconds by which the engine's clock is ahead of this machine's, by the last reply's Date (RFC 9110, section 6.6.1).
  std::int64_t clock_offset() const { return *clock_offset_; }

  // What was negotiated with the engine (api.cpp): "1.41". Empty after the engine was away.
  std::optional<std::string> api_version;
  // The version of Podman that answered then; empty: it is no Podman.
  std::string podman;

 private:
  asio::any_io_executor executor_;
  Endpoint endpoint_;
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<std::int64_t> clock_offset_ = std::make_shared<std::int64_t>(0);
};

}  // namespace dind::engine
