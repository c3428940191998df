// Serves the clients of a Unix socket, each on its own connection.
#pragma once

#include "frontends/jsonrpc/client_connection.hpp"
#include "frontends/shared/unix_socket.hpp"

namespace dind::frontends::jsonrpc {

// Accepts clients until `stop`. Then removes the socket at once, ends the connections, and returns when they have
// ended.
Task<void> serve_socket(asio::any_io_executor executor, UnixSocket socket, ClientServices services, Cancel stop);

}  // namespace dind::frontends::jsonrpc
