#include "frontends/lsp/process_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <csignal>

#include "support/async/until.hpp"

namespace dind::frontends::lsp {

namespace {

// For systems without pidfd (an old kernel, a seccomp profile): checks every second.
Task<void> poll_process(pid_t pid, Cancel cancel) {
  while (!cancel.cancelled() && (::kill(pid, 0) == 0 || errno == EPERM))
    co_await sleep_for(std::chrono::seconds(1), cancel);
}

}  // namespace

Task<void> watch_process(asio::any_io_executor executor, std::int64_t pid, std::function<void()> gone, Cancel cancel) {
  if (pid <= 0 || pid > INT32_MAX) co_return;
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (fd >= 0) {
    // A pidfd polls readable when its process has ended.
    asio::posix::stream_descriptor descriptor(executor, fd);
    const auto heard = cancel.on_cancel([&descriptor] {
      boost::system::error_code ignored;
      descriptor.cancel(ignored);
    });
    boost::system::error_code ended;
    if (!cancel.cancelled())
      co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, ended));
  } else if (errno != ESRCH) {
    co_await poll_process(static_cast<pid_t>(pid), cancel);
  }
  if (!cancel.cancelled()) gone();
}

}  // namespace dind::frontends::lsp
