#include "rpc/frame_reader.hpp"

#include <algorithm>
#include <charconv>

namespace dind::rpc {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kLengthName = "content-length";

std::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::invalid_request, "The client sent " + what + "; the connection can't go on");
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_length(std::string_view name) {
  return std::ranges::equal(name, kLengthName, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
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
      return broken("a Content-Length that is no number");
    if (length && *length != value) return broken("two Content-Lengths that differ");
    length = value;
  }
  if (!length) return broken("a message without Content-Length");
  if (*length > kMaxBody) return broken("a message of more than 64 MiB");
  return *length;
}

Result<std::optional<std::string>> FrameReader::next(std::string_view& input) {
  if (!length_) {
    // The end may be split over two reads.
    const auto before = header_.size();
    header_ += input.substr(0, kMaxHeader + kEnd.size() - std::min(before, kMaxHeader + kEnd.size()));
    const auto from = before < kEnd.size() ? 0 : before - (kEnd.size() - 1);
    const auto end = header_.find(kEnd, from);
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
  }
  const auto part = input.substr(0, *length_ - body_.size());
  body_ += part;
  input.remove_prefix(part.size());
  if (body_.size() < *length_) return std::optional<std::string>{};
  length_.reset();
  return std::optional(std::exchange(body_, {}));
}

std::string framed(std::string_view body) {
  std::string all = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  all += body;
  return all;
}

}  // namespace dind::rpc
