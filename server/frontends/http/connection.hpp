// One HTTP connection: reads requests one after the other, has them judged before their bodies are read, and answers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>

#include "frontends/http/gate.hpp"
#include "frontends/http/request_log.hpp"
#include "frontends/http/routes.hpp"
#include "frontends/idle_clients.hpp"

namespace dind::frontends::http {

// What the connections share; outlives them.
struct Site {
  Site(asio::any_io_executor executor, HttpServices services, std::shared_ptr<Gate> who, std::size_t body)
      : closing(services.runs.closing()),
        routes(std::move(executor), std::move(services)),
        gate(std::move(who)),
        most_body(body) {}
  Cancel closing;  // no run begins any more: clients are to go elsewhere
  Routes routes;
  std::shared_ptr<Gate> gate;
  std::size_t most_body;
  RequestLog log;
  std::shared_ptr<IdleClients> idle = std::make_shared<IdleClients>();
};

// Serves it to its end. At `stop` an idle one is closed, and another one after its answer.
Task<void> serve_connection(asio::ip::tcp::socket socket, Site& site, Cancel stop);

}  // namespace dind::frontends::http
