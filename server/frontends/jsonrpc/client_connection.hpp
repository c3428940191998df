// Serves one client with JSON-RPC 2.0 on two descriptors, from its first message until it is gone (docs/rpc.md).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "frontends/shared/idle_clients.hpp"
#include "services/health/engine_watch.hpp"
#include "services/history/history.hpp"
#include "services/runs/run_service.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::jsonrpc {

struct ClientServices {
  RunService& runs;
  EngineWatch& engine;
  History& history;
  std::string version;
  bool enabled = true;                         // whether runs are allowed here
  std::chrono::milliseconds shutdown_timeout;  // for the runs of a client that is gone
};

struct ClientOptions {
  int in_fd = 0;
  int out_fd = 1;
  bool owns_fds = false;              // closes both, which then are different, at the end
  std::string name;                   // the client's name; the queue is fair among names
  std::shared_ptr<IdleClients> idle;  // tells it when the client has no open request; null: tells nobody
};

// Serves until the client is gone or `stop`. Then cancels the client's runs, with the reason of `stop` if there is one,
// and answers them if the client still reads. True: the stream ended properly. False: it was broken.
Task<bool> serve_client(asio::any_io_executor executor, ClientServices services, ClientOptions options, Cancel stop);

}  // namespace dind::frontends::jsonrpc
