// Shortens a text for a message.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// The text, or its first `bytes` and "…". Never cuts a character in half.
inline std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace dind
