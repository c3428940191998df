// One HTTP connection: reads requests one after the other, has them judged before their bodies are read, and answers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>

#include "faces/http/gate.hpp"
#include "faces/http/routes.hpp"

namespace dind::faces::http {

// What the connections share; outlives them.
struct Site {
  Site(asio::any_io_executor executor, HttpServices services, GatePolicy policy, std::size_t body)
      : routes(std::move(executor), std::move(services)), gate(std::move(policy)), most_body(body) {}
  Routes routes;
  Gate gate;
  std::size_t most_body;
};

// Serves it to its end. At `stop` an idle one is closed, and another one after its answer.
Task<void> serve_connection(asio::ip::tcp::socket socket, Site& site, Cancel stop);

}  // namespace dind::faces::http
