#include "frontends/handover/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::handover {

namespace {

constexpr std::size_t kReadSize = 256 * 1024;

}  // namespace

Connection::Connection(asio::any_io_executor executor, int fd, std::function<void(Frame)> on_frame)
    : executor_(executor),
      socket_(executor, asio::local::stream_protocol(), fd),
      on_frame_(std::move(on_frame)),
      changed_(executor) {}

std::shared_ptr<Connection> Connection::open(asio::any_io_executor executor, int fd,
                                             std::function<void(Frame)> on_frame) {
  std::shared_ptr<Connection> self(new Connection(std::move(executor), fd, std::move(on_frame)));
  spawn(self->executor_, "reading from another dind-executor process", read(self));
  return self;
}

void Connection::end() {
  ended_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  outbox_.clear();
  changed_.notify();
}

void Connection::close() {
  on_frame_ = nullptr;
  if (!ended_) end();
}

Task<void> Connection::read(std::shared_ptr<Connection> self) {
  std::vector<char> buffer(kReadSize);
  while (!self->ended_) {
    boost::system::error_code error;
    const auto size =
        co_await self->socket_.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error || self->ended_) break;
    self->frames_.add({buffer.data(), size});
    while (!self->ended_) {
      const auto frame = self->frames_.next();
      if (!frame) {
        log(LogLevel::warning, frame.error().message);
        self->end();
      }
      if (!frame || !*frame) break;
      if (const auto hears = self->on_frame_) hears(**frame);  // it may close this connection
    }
  }
  if (!self->ended_) self->end();
}

void Connection::send(std::string bytes) {
  if (ended_ || peer_closed_) return;
  outbox_.push_back(std::move(bytes));
  if (!std::exchange(writing_, true))
    spawn(executor_, "writing to another dind-executor process", write(shared_from_this()));
}

Task<void> Connection::write(std::shared_ptr<Connection> self) {
  while (!self->ended_ && !self->outbox_.empty()) {
    const std::deque<std::string> batch = std::exchange(self->outbox_, {});
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(batch.size());
    for (const auto& each : batch) buffers.emplace_back(asio::buffer(each));
    boost::system::error_code error;
    co_await asio::async_write(self->socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
    // The other end takes no more bytes. What it has sent must still be read to the end.
    if (error) {
      self->outbox_.clear();
      self->peer_closed_ = true;
    }
  }
  self->writing_ = false;
  self->changed_.notify();
}

Task<void> Connection::flushed(Deadline deadline) {
  const auto self = shared_from_this();
  co_await until(self->changed_, [&] { return !self->writing_ || self->ended_; }, deadline);
}

}  // namespace dind::frontends::handover
