// Cuts LSP's base protocol (header lines, an empty line, Content-Length bytes) into bodies. No I/O.
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

  // Takes the next body off the front of `input`. nullopt: more bytes are needed, and `input` is empty. Errors
  // (invalid_request): the stream can't be re-joined after this.
  Result<std::optional<std::string>> next(std::string_view& input);
  // The body that `next` gave last is only its beginning: there was no room for the rest, which was skipped.
  bool was_cut() const { return cut_; }
  // Whether a body is arriving that counts in the budget, or will.
  bool is_within_large() const { return length_ && *length_ > ArrivingBody::kSmall; }
  // Gives back what the body that is arriving took. Nothing is read after it.
  void let_go();
  // What a body means that takes too long, or of which nobody can be told that there was no room for it: the end.
  std::unexpected<Error> too_slow(std::chrono::milliseconds time) const;
  static std::unexpected<Error> nameless();
  // What an end of the stream here means. Error (invalid_request): it is within a frame.
  Result<void> at_end() const;

 private:
  Result<std::size_t> body_length() const;
  std::string how_much() const;

  MemoryBudget& budget_;
  std::optional<ArrivingBody> share_;
  std::string header_;
  std::string body_;
  std::optional<std::size_t> length_;  // of the body; none while the header is read
  std::size_t received_ = 0;           // of it
  bool cut_ = false;
};

// A body with its header.
std::string framed(std::string_view body);

}  // namespace dind::rpc
