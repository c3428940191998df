#include "frontends/lsp/plain_lines.hpp"

#include <algorithm>
#include <utility>

namespace dind::frontends::lsp {
namespace {

constexpr char kEscape = '\x1b';

// Bytes of the escape sequence at the start (ECMA-48): CSI, a string such as a window's title, or two characters.
std::size_t sequence_length(std::string_view text) {
  const char kind = text.size() > 1 ? text[1] : '\0';
  if (kind == '[') {
    const auto last = std::find_if(text.begin() + 2, text.end(), [](char c) { return c < ' ' || c > '?'; });
    return static_cast<std::size_t>(last - text.begin()) + (last != text.end() && *last >= '@' && *last <= '~' ? 1 : 0);
  }
  if (std::string_view("]PX^_").contains(kind)) {
    for (std::size_t at = 2; at < text.size(); ++at) {
      if (text[at] == '\a') return at + 1;
      if (text[at] == kEscape) return std::min(at + 2, text.size());
      if (text[at] == '\n') return at;
    }
    return text.size();
  }
  const auto last = std::find_if(text.begin() + 1, text.end(), [](char c) { return c < ' ' || c > '/'; });
  return static_cast<std::size_t>(last - text.begin()) + (last != text.end() && *last >= '0' && *last <= '~' ? 1 : 0);
}

}  // namespace

std::string plain_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t line = 0;   // start of the line in `out`
  bool returned = false;  // the next character overwrites the line
  while (!text.empty()) {
    const char c = text.front();
    if (c == kEscape) {
      text.remove_prefix(sequence_length(text));
      continue;
    }
    text.remove_prefix(1);
    if (c == '\r') {
      returned = true;
    } else if (c == '\n') {
      out += c;
      line = out.size();
      returned = false;
    } else if (c == '\t' || static_cast<unsigned char>(c) >= 0x80 || (c >= ' ' && c != '\x7f')) {
      if (std::exchange(returned, false)) out.resize(line);
      out += c;
    }
  }
  return out;
}

}  // namespace dind::frontends::lsp
