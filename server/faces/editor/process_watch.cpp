#include "faces/editor/process_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "support/log.hpp"

namespace dind::faces::editor {

Task<void> watch_process(asio::any_io_executor executor, std::int64_t pid, std::function<void()> gone, Cancel cancel) {
  const int fd =
      pid <= 0 || pid > INT32_MAX ? -1 : static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (fd < 0) {
    log(LogLevel::info,
        "The client's process " + std::to_string(pid) + " is not to be seen from here; the end of stdin will tell");
    co_return;
  }
  // A pidfd polls readable when its process has ended.
  asio::posix::stream_descriptor descriptor(executor, fd);
  const auto heard = cancel.on_cancel([&descriptor] {
    boost::system::error_code ignored;
    descriptor.cancel(ignored);
  });
  boost::system::error_code error;
  if (!cancel.cancelled())
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (!error && !cancel.cancelled()) gone();
}

}  // namespace dind::faces::editor
