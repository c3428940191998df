#include "support/requirement_lines.hpp"

#include <algorithm>

namespace dind {

std::vector<std::string> requirement_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    line = line.substr(0, line.find(" #"));
    constexpr std::string_view kBlank = " \t\r";
    const auto first = line.find_first_not_of(kBlank);
    if (first == std::string_view::npos) continue;
    lines.emplace_back(line.substr(first, line.find_last_not_of(kBlank) - first + 1));
  }
  return lines;
}

}  // namespace dind
