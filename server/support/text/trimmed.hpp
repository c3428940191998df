// A text without blanks at its ends.
#pragma once

#include <algorithm>
#include <string_view>

namespace dind {

inline std::string_view left_trimmed(std::string_view text, std::string_view blanks = " \t") {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}
inline std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
  text = left_trimmed(text, blanks);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

}  // namespace dind
