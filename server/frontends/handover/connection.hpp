// One connection between two dind-executor processes: sends and receives frames in order.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "frontends/handover/frames.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::handover {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Owns `fd`. Passes every frame to `on_frame`; not called after `close`.
  static std::shared_ptr<Connection> open(asio::any_io_executor executor, int fd, std::function<void(Frame)> on_frame);

  void send(std::string bytes);
  // Waits until the kernel has taken all bytes, the other end is gone, or the deadline passes.
  Task<void> flushed(Deadline deadline);
  bool ended() const { return ended_; }
  // Notified when the connection ends.
  Signal& changed() { return changed_; }
  void close();

 private:
  Connection(asio::any_io_executor executor, int fd, std::function<void(Frame)> on_frame);
  static Task<void> read(std::shared_ptr<Connection> self);
  static Task<void> write(std::shared_ptr<Connection> self);
  void end();

  asio::any_io_executor executor_;
  asio::local::stream_protocol::socket socket_;
  std::function<void(Frame)> on_frame_;
  Signal changed_;
  Frames frames_;
  std::deque<std::string> outbox_;
  bool writing_ = false;
  bool ended_ = false;
  bool peer_closed_ = false;  // the other end takes no more bytes
};

}  // namespace dind::frontends::handover
