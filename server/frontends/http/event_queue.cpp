#include "frontends/http/event_queue.hpp"

#include <nlohmann/json.hpp>

#include "wire/event_codec.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto kQuiet = 15s;

}  // namespace

void EventQueue::push(std::string_view event, const json& data, std::shared_ptr<void> hold) {
  if (abandoned_) return;
  // `data` is one line, so the event ends only where this code ends it (WHATWG HTML, 9.2.6).
  pieces_.push_back({"event: " + std::string(event) + "\ndata: " + one_line(data) + '\n', std::move(hold)});
  changed_.notify();
}

void EventQueue::close() {
  closed_ = true;
  changed_.notify();
}

void EventQueue::abandon() {
  abandoned_ = true;
  closed_ = true;
  pieces_.clear();
  changed_.notify();
}

Task<std::optional<EventQueue::Piece>> EventQueue::next() {
  while (pieces_.empty()) {
    if (closed_) co_return std::nullopt;
    if (!co_await changed_.wait(in(kQuiet))) co_return Piece{": still here\n\n", nullptr};
  }
  auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  co_return piece;
}

HttpEventSink::HttpEventSink(asio::any_io_executor executor, std::shared_ptr<EventQueue> events, std::string run_id)
    : events_(std::move(events)),
      run_id_(std::move(run_id)),
      output_(OutputCoalescer::make(
          std::move(executor),
          [events = events_, id = run_id_](Channel channel, std::string text, std::shared_ptr<void> hold) {
            events->push("output", {{"runId", id}, {"channel", to_string(channel)}, {"text", std::move(text)}},
                         std::move(hold));
          })) {}

void HttpEventSink::on_state(const StateChange& change) {
  json fields = state_fields(change);
  fields["runId"] = run_id_;
  events_->push(state_name(change), fields);
}

void HttpEventSink::on_output(Channel channel, std::string_view bytes, OutputCredit credit) {
  output_->add(channel, bytes, std::move(credit));
}

void HttpEventSink::finish() { output_->finish(); }

}  // namespace dind::frontends::http
