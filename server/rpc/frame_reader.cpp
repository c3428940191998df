#include "rpc/frame_reader.hpp"

#include <algorithm>
#include <charconv>

#include "support/text/escaped.hpp"
#include "support/text/trimmed.hpp"
#include "support/units.hpp"

namespace dind::rpc {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kForm = "A frame is \"Content-Length: N\", CR LF CR LF, and N bytes of JSON";
constexpr std::string_view kLengthName = "content-length";

std::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::invalid_request, "The client sent " + what + "; the connection is closed");
}

bool begins_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_length(std::string_view name) {
  return std::ranges::equal(name, kLengthName, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// Whether the bytes so far can become a header. Otherwise the client would wait for an answer that never comes (I12).
Result<void> check_header(std::string_view header, std::size_t from) {
  if (!header.empty() && !begins_name(header.front()) && header.front() != '\r')
    return broken("\"" + escaped(header.substr(0, 1)) + "\" where a frame begins. " + std::string(kForm));
  for (auto end = header.find('\n', from); end != std::string_view::npos; end = header.find('\n', end + 1))
    if (end == 0 || header[end - 1] != '\r')
      return broken("a header line that ends with LF alone. " + std::string(kForm));
  return {};
}

}  // namespace

Result<std::size_t> FrameReader::body_length() const {
  std::optional<std::size_t> length;
  std::string_view lines = std::string_view(header_).substr(0, header_.size() - kEnd.size());
  while (!lines.empty()) {
    const auto end = std::min(lines.find("\r\n"), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return broken("a header line without a colon");
    if (!is_length(trimmed(line.substr(0, colon)))) continue;
    const auto digits = trimmed(line.substr(colon + 1));
    std::size_t value = 0;
    const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc{} || rest != digits.data() + digits.size())
      return broken("a Content-Length that is not a number");
    if (length && *length != value) return broken("two Content-Lengths that differ");
    length = value;
  }
  if (!length) return broken("a message without Content-Length");
  if (*length > kMaxBody) return broken("a message of more than 64 MiB");
  return *length;
}

std::string FrameReader::how_much() const {
  return "only " + std::to_string(received_) + " of the " + std::to_string(length_.value_or(0)) +
         " bytes that Content-Length promised";
}

std::unexpected<Error> FrameReader::too_slow(std::chrono::milliseconds time) const {
  return broken(how_much() + " within " + format_duration(time));
}

std::unexpected<Error> FrameReader::nameless() {
  return broken("a message that does not fit into memory, and its \"id\" is not in the first 64 KiB");
}

void FrameReader::let_go() {
  share_.reset();
  body_ = {};
}

Result<void> FrameReader::at_end() const {
  if (length_) return broken(how_much() + " (it counts bytes, not characters)");
  if (!header_.empty()) return broken("an end of its input within a header. " + std::string(kForm));
  return {};
}

Result<std::optional<std::string>> FrameReader::next(std::string_view& input) {
  if (!length_) {
    // `echo` puts a line feed after a body.
    if (header_.empty()) input.remove_prefix(std::min(input.find_first_not_of('\n'), input.size()));
    // The end of the header may be split between two reads.
    const auto before = header_.size();
    header_ += input.substr(0, kMaxHeader + kEnd.size() - std::min(before, kMaxHeader + kEnd.size()));
    const auto from = before < kEnd.size() ? 0 : before - (kEnd.size() - 1);
    const auto end = header_.find(kEnd, from);
    const auto header = std::string_view(header_).substr(0, end == std::string::npos ? end : end + kEnd.size());
    if (const auto good = check_header(header, before); !good) return std::unexpected(good.error());
    if (end == std::string::npos) {
      if (header_.size() == kMaxHeader + kEnd.size()) return broken("a header of more than 4 KiB");
      input = {};
      return std::optional<std::string>{};
    }
    header_.resize(end + kEnd.size());
    input.remove_prefix(header_.size() - before);
    const auto length = body_length();
    if (!length) return std::unexpected(length.error());
    length_ = *length;
    header_.clear();
    body_.clear();
    received_ = 0;
    cut_ = false;
    share_.emplace(budget_);
  }
  const auto part = input.substr(0, *length_ - received_);
  received_ += part.size();
  input.remove_prefix(part.size());
  if (!cut_) body_ += part;
  if (!cut_ && !share_->grow_to(received_)) {
    cut_ = true;
    body_.resize(ArrivingBody::kSmall);
    body_.shrink_to_fit();
    share_.reset();
  }
  if (received_ < *length_) return std::optional<std::string>{};
  length_.reset();
  share_.reset();
  return std::optional(std::exchange(body_, {}));
}

std::string framed(std::string_view body) {
  std::string all = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  all += body;
  return all;
}

}  // namespace dind::rpc
