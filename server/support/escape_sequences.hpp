// Removes terminal control sequences from a text.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// Without the escape sequences of ECMA-48 (colours, titles, …), including an incomplete one at the end.
inline std::string without_escape_sequences(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\x1b') {
      plain += text[at];
      continue;
    }
    if (++at >= text.size()) break;
    const char kind = text[at];
    if (kind == '[') {  // CSI: up to its final character
      while (++at < text.size() && (text[at] < '@' || text[at] > '~') && text[at] >= ' ') {
      }
    } else if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') {  // up to BEL or ESC backslash
      while (++at < text.size() && text[at] != '\a' && text[at] != '\x1b') {
      }
      if (at < text.size() && text[at] == '\x1b') ++at;
    } else if (kind >= ' ' && kind <= '/') {  // one of a character set
      while (++at < text.size() && text[at] >= ' ' && text[at] <= '/') {
      }
    }
  }
  return plain;
}

}  // namespace dind
