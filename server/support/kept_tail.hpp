// Handles the output of a stage before the program: its tail is kept in case the stage fails, and some of its lines
// become events. Events have no credit, so too many of them would fill the queue of a client that reads slowly.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dind {

class EventPace {
 public:
  // Whether an event may be sent now: at most ten per second.
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    if (last_ && now - *last_ < std::chrono::milliseconds(100)) return false;
    last_ = now;
    return true;
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> last_;
};

class KeptTail {
 public:
  void add(std::string_view bytes) {
    text_ += bytes;
    if (text_.size() <= 2 * kMaxBytes) return;
    const auto cut = text_.size() - kMaxBytes;
    left_out_ += cut;
    text_.erase(0, cut);
  }
  // If bytes before the tail were left out, the first line says how many.
  std::string take() {
    if (left_out_ == 0) return std::move(text_);
    return "[" + std::to_string(left_out_) + " bytes before this were left out]\n" + std::move(text_);
  }

 private:
  static constexpr std::size_t kMaxBytes = 64U << 10;
  std::string text_;
  std::size_t left_out_ = 0;
};

}  // namespace dind
