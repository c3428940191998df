// The last of a stage's output, for when the stage fails: what a person needs to see is at its end.
#pragma once

#include <string>
#include <string_view>

namespace dind {

class KeptTail {
 public:
  void add(std::string_view bytes) {
    text_ += bytes;
    if (text_.size() <= 2 * kMost) return;
    const auto cut = text_.size() - kMost;
    left_out_ += cut;
    text_.erase(0, cut);
  }
  // With a line that says how much came before it.
  std::string take() {
    if (left_out_ == 0) return std::move(text_);
    return "[" + std::to_string(left_out_) + " bytes before this were left out]\n" + std::move(text_);
  }

 private:
  static constexpr std::size_t kMost = 64U << 10;
  std::string text_;
  std::size_t left_out_ = 0;
};

}  // namespace dind
