// Serves one HTTP connection: reads one request after the other, checks each before it reads the body, and answers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>

#include "frontends/http/gate.hpp"
#include "frontends/http/handlers.hpp"
#include "frontends/http/request_log.hpp"
#include "frontends/shared/idle_clients.hpp"

namespace dind::frontends::http {

// What the connections share. Outlives them.
struct HttpContext {
  HttpContext(asio::any_io_executor executor, HttpServices services, std::shared_ptr<Gate> who, std::size_t body_bytes)
      : closing(services.runs.closing()),
        handlers(std::move(executor), std::move(services)),
        gate(std::move(who)),
        max_body(body_bytes) {}
  Cancel closing;  // no run begins any more; clients should use another server
  Handlers handlers;
  std::shared_ptr<Gate> gate;
  std::size_t max_body;  // bytes
  RequestLog log;
  std::shared_ptr<IdleClients> idle = std::make_shared<IdleClients>();
};

// Serves the connection to its end. At `stop`, closes an idle connection, and any other one after its answer.
Task<void> serve_connection(asio::ip::tcp::socket socket, HttpContext& context, Cancel stop);

}  // namespace dind::frontends::http
