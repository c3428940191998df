// Removes terminal control sequences from a text.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// Without the escape sequences of ECMA-48 (colours, titles, …), including an incomplete one at the end, and without the
// control characters U+0080 to U+009F, which begin such sequences too: U+009B is ESC [.
inline std::string without_escape_sequences(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char kind = 0;
    if (text[at] == '\x1b') {
      if (++at >= text.size()) break;
      kind = text[at];
    } else if (text[at] == '\xC2' && at + 1 < text.size() && text[at + 1] >= '\x80' && text[at + 1] <= '\x9F') {
      kind = static_cast<char>(text[++at] - 0x40);  // U+009B for ESC [
      if (!std::string_view("[]P_^X").contains(kind)) continue;
    } else {
      plain += text[at];
      continue;
    }
    if (kind == '[') {  // CSI: up to its final character
      while (++at < text.size() && (text[at] < '@' || text[at] > '~') && text[at] >= ' ') {
      }
    } else if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') {  // up to BEL, ESC \ or U+009C
      while (++at < text.size() && text[at] != '\a' && text[at] != '\x1b' && !text.substr(at).starts_with("\xC2\x9C")) {
      }
      if (at < text.size() && text[at] != '\a') ++at;
    } else if (kind >= ' ' && kind <= '/') {  // one of a character set
      while (++at < text.size() && text[at] >= ' ' && text[at] <= '/') {
      }
    }
  }
  return plain;
}

}  // namespace dind
