// Clients of a unix socket, as they come.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "frontends/idle_clients.hpp"
#include "frontends/unix_socket.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::frontends {

// Gives each connection (non-blocking, to be closed by it) to `serve`, at most `most` at once, until `stop`; then the
// socket goes, and it returns when the last of them has ended. Where `most` are there, the one in `idle` that waits
// longest is closed for a new one.
Task<void> accept_clients(asio::any_io_executor executor, UnixSocket socket, std::size_t most,
                          std::function<Task<void>(int fd)> serve, std::shared_ptr<IdleClients> idle, Cancel stop);

}  // namespace dind::frontends
