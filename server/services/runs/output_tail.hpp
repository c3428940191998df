// Passes on the events of a run, and keeps the last bytes of its output for the hints after its end.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "dind/run_event.hpp"

namespace dind {

class OutputTail final : public EventSink {
 public:
  explicit OutputTail(EventSink& sink) : sink_(sink) {}
  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) language_ = started->language;
    sink_.on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    keep(bytes, channel == Channel::out ? out_ : err_);
    sink_.on_output(channel, bytes, std::move(credit));
  }
  std::string_view out() const { return end_of(out_); }
  std::string_view err() const { return end_of(err_); }
  const std::string& language() const { return language_; }  // of the program that started

 private:
  static constexpr std::size_t kKept = 8 * 1024;
  // In a flood of output, each chunk costs only one copy of its last bytes.
  static void keep(std::string_view bytes, std::string& tail) {
    if (bytes.size() >= kKept) {
      tail = bytes.substr(bytes.size() - kKept);
      return;
    }
    if (tail.size() + bytes.size() > 2 * kKept) tail.erase(0, tail.size() - kKept);
    tail += bytes;
  }
  static std::string_view end_of(std::string_view tail) {
    return tail.substr(tail.size() - std::min(tail.size(), kKept));
  }

  EventSink& sink_;
  std::string out_, err_, language_;
};

}  // namespace dind
