// Reads UTF-8 character by character. (RFC 3629; Unicode, table 3-7)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dind {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

struct Utf8Character {
  char32_t code = U'\uFFFD';
  // Bytes of the character. If it is not valid: bytes of the maximal part that begins like a character, at least 1.
  std::size_t size = 1;
  bool valid = false;      // no overlong form, no surrogate, nothing beyond U+10FFFF
  bool truncated = false;  // not valid, but may become so with bytes that follow the text
};

// The same as first_character, for a text that begins with a byte from 0x80 on.
Utf8Character first_wide_character(std::string_view text);

// The first character of `text`, which must not be empty. ASCII is fast: a program's output passes through it.
inline Utf8Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  return lead < 0x80 ? Utf8Character{.code = lead, .size = 1, .valid = true} : first_wide_character(text);
}

// Whether the byte continues a character that began before it.
inline bool is_utf8_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_utf8(std::string_view text);

// Encodes one character.
void append_utf8(std::string& to, char32_t code);

// The largest position up to `at` where no character of `text` is split. Text that is not UTF-8 is split at `at`.
std::size_t character_boundary(std::string_view text, std::size_t at);

}  // namespace dind
