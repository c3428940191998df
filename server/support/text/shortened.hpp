// Shortens a text for a message.
#pragma once

#include <string>
#include <string_view>

#include "support/text/utf8.hpp"

namespace dind {

// The text, or its first `bytes` and "…". Never cuts a character in half.
inline std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  return std::string(text.substr(0, character_boundary(text, bytes))) + "…";
}

}  // namespace dind
