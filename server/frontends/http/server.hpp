// The HTTP frontend: a listening address and its connections (docs/http.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "frontends/http/gate.hpp"
#include "frontends/http/handlers.hpp"
#include "frontends/http/listen_address.hpp"

namespace dind::frontends::http {

struct HttpPolicy {
  std::shared_ptr<Gate> gate;
  std::size_t max_body = 32U << 20;               // bytes
  std::chrono::milliseconds shutdown_timeout{0};  // for replies in progress
  bool access_log = false;
};

class HttpServer {
 public:
  // Listens at once. A client that connects before `serve` waits. Errors (invalid_request):
  // this process can't listen on the address.
  static Result<std::unique_ptr<HttpServer>> listen(asio::any_io_executor executor, ListenAddress address);
  virtual ~HttpServer() = default;
  virtual const ListenAddress& address() const = 0;  // with the actual port

  // Answers until `stop`. Then takes no new request, waits some seconds for answers in
  // progress, and closes the connections.
  virtual Task<void> serve(HttpServices services, HttpPolicy policy, Cancel stop) = 0;
};

}  // namespace dind::frontends::http
