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

// Says why no client is accepted now: at most once in kTellOften.
class Complaint {
 public:
  void say(int error) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kTellOften;
    log(LogLevel::error,
        "A client could not be accepted: " +
            (no_descriptors_left(error) ? descriptor_shortage() : std::generic_category().message(error)));
  }

 private:
  Deadline next_{};
};

// A descriptor of its own for the waiting: the socket can be closed meanwhile. -1: stopped before one was free.
Task<int> watched_copy(const UnixSocket& socket, Signal& changed, const Cancel& stop, Complaint& complaint) {
  while (!stop.cancelled()) {
    if (const int fd = ::fcntl(socket.fd(), F_DUPFD_CLOEXEC, 3); fd >= 0) co_return fd;
    complaint.say(errno);
    co_await changed.wait(in(kPause));
  }
  co_return -1;
}

Task<void> serve_one(Task<void> serving, [[maybe_unused]] Counted::One client) { co_await std::move(serving); }

}  // namespace

Task<void> accept_clients(asio::any_io_executor executor, UnixSocket socket, std::size_t most,
                          std::function<Task<void>(int fd)> serve, std::shared_ptr<IdleClients> idle, Cancel stop) {
  Counted clients(executor);
  Complaint complaint;
  const int copy = co_await watched_copy(socket, clients.changed(), stop, complaint);
  if (copy < 0) co_return;
  asio::posix::stream_descriptor waiting(executor, copy);
  const auto stopped = stop.on_cancel([&] {
    socket.remove();
    boost::system::error_code ignored;
    waiting.cancel(ignored);
    clients.changed().notify();
  });
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
      complaint.say(error);
      co_await clients.changed().wait(in(kPause));
    }
  }
  co_await clients.wait_none();
}

}  // namespace dind::frontends
