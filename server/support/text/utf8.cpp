#include "support/text/utf8.hpp"

#include <algorithm>

namespace dind {
namespace {

struct Range {
  unsigned char first = 0x80;
  unsigned char last = 0xBF;
};

// Which second bytes may follow a lead byte.
Range second_bytes(unsigned char lead) {
  switch (lead) {
    case 0xE0:
      return {.first = 0xA0};
    case 0xED:
      return {.last = 0x9F};
    case 0xF0:
      return {.first = 0x90};
    case 0xF4:
      return {.last = 0x8F};
    default:
      return {};
  }
}

}  // namespace

Utf8Character first_wide_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size()) return {.size = i, .truncated = true};
    const auto next = static_cast<unsigned char>(text[i]);
    const auto range = i == 1 ? second_bytes(lead) : Range{};
    if (next < range.first || next > range.last) return {.size = i};
    code = code << 6 | (next & 0x3FU);
  }
  return {.code = code, .size = size, .valid = true};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character.valid) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

void append_utf8(std::string& to, char32_t code) {
  const auto more = [&](unsigned shift) { to += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0 | code >> 6);
    more(0);
  } else if (code < 0x10000) {
    to += static_cast<char>(0xE0 | code >> 12);
    more(6);
    more(0);
  } else {
    to += static_cast<char>(0xF0 | code >> 18);
    more(12);
    more(6);
    more(0);
  }
}

std::size_t character_boundary(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  auto begin = at;
  while (begin > 0 && at - begin < 4 && is_utf8_continuation(text[begin])) --begin;
  return at - begin < 4 ? begin : at;
}

}  // namespace dind
