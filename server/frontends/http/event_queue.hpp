// A queue of server-sent events for a connection: a run's events in order, each with what it holds back.
#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dind/run_event.hpp"
#include "frontends/shared/output_coalescer.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::http {

class EventQueue {
 public:
  explicit EventQueue(const asio::any_io_executor& executor) : changed_(executor) {}
  struct Piece {
    std::string bytes;
    std::shared_ptr<void> hold;  // released when the bytes have been written
  };
  void push(std::string_view event, const nlohmann::json& data, std::shared_ptr<void> hold = {});
  void close();    // after the last event
  void abandon();  // nobody reads the events: discards them, and all later ones
  // The next piece. If none comes for a while, a comment, so that both sides see whether the other one is still there.
  // nullopt: that was all.
  Task<std::optional<Piece>> next();

 private:
  Signal changed_;
  std::deque<Piece> pieces_;
  bool closed_ = false;
  bool abandoned_ = false;
};

// Pushes a run's states and output as events.
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
