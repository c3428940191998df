// Serves the clients of a unix socket, each with a session of its own.
#pragma once

#include "frontends/jsonrpc/client_session.hpp"
#include "frontends/unix_socket.hpp"

namespace dind::frontends::jsonrpc {

// Accepts clients until `stop`, ends their sessions then, and returns when they are over. The socket is removed as soon
// as it stops.
Task<void> serve_socket(asio::any_io_executor executor, UnixSocket socket, ClientServices services, Cancel stop);

}  // namespace dind::frontends::jsonrpc
