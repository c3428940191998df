// Clients of a unix socket, as they come.
#pragma once

#include <cstddef>
#include <functional>

#include "faces/unix_socket.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::faces {

// Gives each connection (non-blocking, to be closed by it) to `serve`, at most `most` at once, until `stop`; then the
// socket goes, and it returns when the last of them has ended.
Task<void> accept_clients(asio::any_io_executor executor, UnixSocket socket, std::size_t most,
                          std::function<Task<void>(int fd)> serve, Cancel stop);

}  // namespace dind::faces
