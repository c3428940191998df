// Splits LSP's base protocol (header lines, an empty line, Content-Length bytes) into bodies. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "support/memory_budget.hpp"

namespace dind::rpc {

class FrameReader {
 public:
  static constexpr std::size_t kMaxHeader = 4096;
  static constexpr std::size_t kMaxBody = 64U << 20;

  explicit FrameReader(MemoryBudget& budget = arriving_bodies()) : budget_(budget) {}

  // Takes the next body from the front of `input`. nullopt: `input` is empty, and more bytes are needed. After an Error
  // (invalid_request) the stream cannot be used further.
  Result<std::optional<std::string>> next(std::string_view& input);
  // The last body from `next` is only a beginning: there was no memory for the rest, which was skipped.
  bool was_cut() const { return cut_; }
  // Whether a body is arriving that counts in the budget, or will count.
  bool is_within_large() const { return length_ && *length_ > ArrivingBody::kSmall; }
  // Returns the memory of the body that is arriving. Do not read after it.
  void let_go();
  // The Error for a body that takes too long, and for one without memory whose id is unknown. Both end the stream.
  std::unexpected<Error> too_slow(std::chrono::milliseconds time) const;
  static std::unexpected<Error> nameless();
  // Checks the end of the stream. Error (invalid_request): it is inside a frame.
  Result<void> at_end() const;

 private:
  Result<std::size_t> body_length() const;
  std::string how_much() const;

  MemoryBudget& budget_;
  std::optional<ArrivingBody> share_;
  std::string header_;
  std::string body_;
  std::optional<std::size_t> length_;  // of the body; nullopt while the header is read
  std::size_t received_ = 0;           // bytes of the body
  bool cut_ = false;
};

// A body with its header.
std::string framed(std::string_view body);

}  // namespace dind::rpc
