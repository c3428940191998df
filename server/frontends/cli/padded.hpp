// Cells of a table in a terminal.
#pragma once

#include <algorithm>
#include <string>

namespace dind::frontends::cli {

// Adds blanks up to `width` bytes, and at least one.
inline std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

}  // namespace dind::frontends::cli
