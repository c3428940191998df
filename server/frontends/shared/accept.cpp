#include "frontends/shared/accept.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <memory>
#include <system_error>

#include "support/async/counted.hpp"
#include "support/io/descriptors.hpp"
#include "support/log/log.hpp"

namespace dind::frontends {

using namespace std::chrono_literals;

namespace {

constexpr auto kPause = 100ms;  // after a failure, such as a lack of descriptors or memory, or while `most` are open
constexpr auto kTellOften = 60s;

Task<void> serve_one(Task<void> serving, [[maybe_unused]] Counted::One client) { co_await std::move(serving); }

}  // namespace

Task<void> accept_clients(asio::any_io_executor executor, UnixSocket socket, std::size_t most,
                          std::function<Task<void>(int fd)> serve, std::shared_ptr<IdleClients> idle, Cancel stop) {
  Counted clients(executor);
  asio::posix::stream_descriptor waiting(executor, ::fcntl(socket.fd(), F_DUPFD_CLOEXEC, 3));
  const auto stopped = stop.on_cancel([&] {
    socket.remove();
    boost::system::error_code ignored;
    waiting.cancel(ignored);
    clients.changed().notify();
  });
  Deadline told_at{};
  while (!stop.cancelled()) {
    if (clients.count() >= most) {
      boost::system::error_code aborted;
      co_await waiting.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, aborted));
      if (stop.cancelled()) break;
      if (clients.count() >= most) {
        idle->close_longest();
        co_await clients.changed().wait(in(kPause));
        continue;
      }
    }
    const int fd = ::accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      spawn(executor, "client of the socket", serve_one(serve(fd), clients.add()));
    } else if (errno == EAGAIN) {
      boost::system::error_code aborted;
      co_await waiting.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, aborted));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      const int error = errno;
      if (no_descriptors_left(error)) idle->close_longest();
      if (Clock::now() >= told_at + kTellOften) {
        told_at = Clock::now();
        log(LogLevel::error,
            "A client could not be accepted: " +
                (no_descriptors_left(error) ? descriptor_shortage() : std::generic_category().message(error)));
      }
      co_await clients.changed().wait(in(kPause));
    }
  }
  co_await clients.wait_none();
}

}  // namespace dind::frontends
