// Server-sent events on their way to a connection: what a run says, in order, with what each piece holds back.
#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dind/run_event.hpp"
#include "frontends/output_coalescer.hpp"
#include "support/task.hpp"

namespace dind::frontends::http {

class EventQueue {
 public:
  explicit EventQueue(const asio::any_io_executor& executor) : changed_(executor) {}
  struct Piece {
    std::string bytes;
    std::shared_ptr<void> hold;  // to be let go when the bytes have gone out
  };
  void push(std::string_view event, const nlohmann::json& data, std::shared_ptr<void> hold = {});
  void close();    // after the last event
  void abandon();  // nobody reads them: what waits is let go, and so is what comes
  // The next piece, or a comment where nothing comes for a while, so that both sides see whether the other is there.
  // nullopt: that was all.
  Task<std::optional<Piece>> next();

 private:
  Signal changed_;
  std::deque<Piece> pieces_;
  bool closed_ = false;
  bool abandoned_ = false;
};

// A run's states and output as events.
class HttpEventSink final : public EventSink {
 public:
  HttpEventSink(asio::any_io_executor executor, std::shared_ptr<EventQueue> events, std::string run_id);
  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override;
  void finish();  // pushes what is left of the output

 private:
  std::shared_ptr<EventQueue> events_;
  std::string run_id_;
  std::shared_ptr<OutputCoalescer> output_;
};

}  // namespace dind::frontends::http
