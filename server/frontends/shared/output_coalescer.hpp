// Sends output in few messages: the first at once, then in batches, at most 30 messages a second, in order.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dind/run_event.hpp"
#include "support/async/task.hpp"
#include "support/text/utf8_stream.hpp"

namespace dind::frontends {

class OutputCoalescer : public std::enable_shared_from_this<OutputCoalescer> {
 public:
  static constexpr std::size_t kMaxPerSecond = 30;
  static constexpr auto kFlushInterval = std::chrono::milliseconds(34);

  // `hold` carries the credits of the text. The receiver releases it when the message has been written.
  using Send = std::function<void(Channel channel, std::string text, std::shared_ptr<void> hold)>;
  static std::shared_ptr<OutputCoalescer> make(asio::any_io_executor executor, Send send);

  void add(Channel channel, std::string_view bytes, OutputCredit credit);
  // Sends what is left, regardless of the rate. Nothing is sent after it.
  void finish();

 private:
  struct Piece {
    Channel channel;
    std::string text;
    std::vector<OutputCredit> credits;
  };
  OutputCoalescer(asio::any_io_executor executor, Send send) : executor_(std::move(executor)), send_(std::move(send)) {}
  static Task<void> flush_later(std::shared_ptr<OutputCoalescer> self, Deadline when);
  void append(Channel channel, std::string text, OutputCredit credit);
  void flush();
  void merge();
  void send_all();
  Deadline next_flush(Deadline now);

  asio::any_io_executor executor_;
  Send send_;
  Utf8Stream streams_[2];
  std::vector<Piece> pieces_;
  std::deque<Deadline> sent_;  // when the last messages were sent, at most kMaxPerSecond
  Deadline last_flush_{};
  bool scheduled_ = false;
  bool finished_ = false;
};

}  // namespace dind::frontends
