#include "frontends/jsonrpc/socket_server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "frontends/shared/accept.hpp"
#include "support/io/descriptors.hpp"

namespace dind::frontends::jsonrpc {

namespace {

constexpr std::size_t kMaxClients = 256;

Task<void> serve_one(asio::any_io_executor executor, int fd, ClientServices services, std::string name,
                     std::shared_ptr<IdleClients> idle, Cancel stop) {
  const int in_fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (in_fd < 0) {
    ::close(fd);
    co_return;
  }
  co_await serve_client(
      executor, std::move(services),
      {.in_fd = in_fd, .out_fd = fd, .owns_fds = true, .name = std::move(name), .idle = std::move(idle)},
      std::move(stop));
}

}  // namespace

Task<void> serve_socket(asio::any_io_executor executor, UnixSocket socket, ClientServices services, Cancel stop) {
  constexpr std::size_t kDescriptors = 5;  // for each client, including those of its two threads
  std::size_t accepted = 0;
  const auto idle = std::make_shared<IdleClients>();
  co_await accept_clients(
      executor, std::move(socket), descriptors_for(kMaxClients, kDescriptors),
      [&](int fd) { return serve_one(executor, fd, services, "socket:" + std::to_string(++accepted), idle, stop); },
      idle, stop);
}

}  // namespace dind::frontends::jsonrpc
