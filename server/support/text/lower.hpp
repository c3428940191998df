// ASCII letters in lower case, independent of the locale: for names in which case does not matter.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace dind {

inline std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace dind
