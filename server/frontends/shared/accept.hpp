// Accepts the clients of a Unix socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "frontends/shared/idle_clients.hpp"
#include "frontends/shared/unix_socket.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::frontends {

// Passes each connection to `serve`, at most `most` at the same time, until `stop`. The descriptor is non-blocking, and
// `serve` closes it. After `stop`, removes the socket and returns when the last connection has ended.
// With `most` connections and a new client, closes the connection in `idle` that has waited longest.
Task<void> accept_clients(asio::any_io_executor executor, UnixSocket socket, std::size_t most,
                          std::function<Task<void>(int fd)> serve, std::shared_ptr<IdleClients> idle, Cancel stop);

}  // namespace dind::frontends
