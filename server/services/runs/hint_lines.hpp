// Reads the last lines of a program's output, for the hints.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/text/quoted.hpp"

namespace dind {

// The last lines that are not empty, at most `most`, in their order.
inline std::vector<std::string_view> last_lines(std::string_view text, std::size_t most) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < most) {
    const auto end = text.find_last_not_of("\r\n");
    if (end == std::string_view::npos) break;
    text = text.substr(0, end + 1);
    const auto begin = text.find_last_of("\r\n");
    lines.push_back(text.substr(begin + 1));
    text = text.substr(0, begin == std::string_view::npos ? 0 : begin);
  }
  std::ranges::reverse(lines);
  return lines;
}

// The text between `before` and `after` in a line. nullopt: one of them is missing.
inline std::optional<std::string_view> between(std::string_view line, std::string_view before, std::string_view after) {
  const auto begin = line.find(before);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto rest = line.substr(begin + before.size());
  const auto end = rest.find(after);
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

// Quotes a file's name for a command that a person may type. A name that begins with a dash gets "./" in front, because
// it would be an option.
inline std::string command_word(std::string_view name) {
  return shell_word((name.starts_with('-') ? "./" : "") + std::string(name));
}

}  // namespace dind
