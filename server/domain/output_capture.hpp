// Keeps the first bytes of a program's output in memory, and counts the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dind/run_event.hpp"

namespace dind {

// The first bytes of a channel, and the number of bytes that followed.
struct KeptHead {
  std::string bytes;
  std::uint64_t left_out = 0;
};

class OutputCapture : public EventSink {
 public:
  // Keeps `max_bytes` of each channel. `next` gets all events too; it may be null, and must outlive this. `may_keep`
  // (bytes) may refuse a part, for a budget that runs share.
  explicit OutputCapture(std::size_t max_bytes, EventSink* next = nullptr,
                         std::function<bool(std::size_t)> may_keep = nullptr)
      : max_(max_bytes), next_(next), may_keep_(std::move(may_keep)) {}

  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) limits = started->limits;
    if (next_ != nullptr) next_->on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    KeptHead& head = channel == Channel::out ? out : err;
    // After the first byte that is left out, nothing more is kept: the kept bytes are the head of the output.
    auto part = bytes.substr(0, head.left_out > 0 ? 0 : max_ - std::min(max_, head.bytes.size()));
    if (!part.empty() && may_keep_ && !may_keep_(part.size())) {
      refused = true;
      part = {};
    }
    head.bytes += part;
    head.left_out += bytes.size() - part.size();
    if (next_ != nullptr) next_->on_output(channel, bytes, std::move(credit));
  }

  KeptHead out, err;
  std::optional<Limits> limits;  // in force; nullopt: the program has not begun
  bool refused = false;          // `may_keep` refused a part

 private:
  const std::size_t max_;
  EventSink* next_;
  std::function<bool(std::size_t)> may_keep_;
};

}  // namespace dind
