#include "support/text/escaped.hpp"

#include <cstdint>
#include <cstdio>

#include "support/text/utf8.hpp"

namespace dind {
namespace {

// Characters that have an effect and no visible shape.
bool has_effect(std::uint32_t code) {
  const auto within = [code](std::uint32_t first, std::uint32_t last) { return code >= first && code <= last; };
  return code < 0x20 || within(0x7F, 0x9F) || code == 0xAD || code == 0x61C || code == 0x180E ||
         within(0x200B, 0x200F) || within(0x2028, 0x202E) || within(0x2060, 0x206F) || code == 0xFEFF ||
         within(0xFFF9, 0xFFFB) || within(0xE0000, 0xE0FFF);
}

void append_escape(std::string& out, std::uint32_t code) {
  char text[16];
  std::snprintf(text, sizeof text,
                code < 0x100     ? "\\x%02x"
                : code < 0x10000 ? "\\u%04x"
                                 : "\\U%08x",
                static_cast<unsigned>(code));
  out += text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character.valid)
      append_escape(out, static_cast<unsigned char>(text.front()));
    else if (has_effect(character.code))
      append_escape(out, character.code);
    else
      out += text.substr(0, character.size);
    text.remove_prefix(character.valid ? character.size : 1);
  }
  return out;
}

}  // namespace dind
