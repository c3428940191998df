// One client of the service: JSON-RPC 2.0 on two descriptors, from its first message until it is gone (docs/rpc.md).
#pragma once

#include <memory>
#include <string>

#include "frontends/idle_clients.hpp"
#include "services/engine_watch.hpp"
#include "services/history.hpp"
#include "services/run_service.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::frontends::jsonrpc {

struct ClientServices {
  RunService& runs;
  EngineWatch& engine;
  History& history;
  std::string version;
  bool enabled = true;  // whether runs are allowed here at all
};

struct ClientOptions {
  int in_fd = 0;
  int out_fd = 1;
  bool owns_fds = false;              // both, which differ then, are closed at the end
  std::string name;                   // who asks, as the queue tells clients apart
  std::shared_ptr<IdleClients> idle;  // where it is told when the client has nothing open; null: nowhere
};

// Serves until the client is gone or `stop`; its runs are cancelled then, with the reason of `stop` where there is one,
// and answered where the client still reads. True: the stream ended as it should; false: it was broken.
Task<bool> serve_client(asio::any_io_executor executor, ClientServices services, ClientOptions options, Cancel stop);

}  // namespace dind::frontends::jsonrpc
