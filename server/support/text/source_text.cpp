#include "support/text/source_text.hpp"

#include <algorithm>
#include <array>

#include "support/text/lower.hpp"

namespace dind {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// The encoding's name in a line, as PEP 263 finds it: ^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)
std::string_view declared_encoding(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\f");
  if (first == std::string_view::npos || line[first] != '#') return {};
  constexpr std::string_view kWord = "coding";
  for (auto at = line.find(kWord, first); at != std::string_view::npos; at = line.find(kWord, at + 1)) {
    auto rest = line.substr(at + kWord.size());
    if (rest.empty() || (rest.front() != ':' && rest.front() != '=')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const auto end = std::ranges::find_if_not(rest, is_name);
    if (end != rest.begin()) return {rest.begin(), end};
  }
  return {};
}

bool is_blank_or_comment(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\f");
  return first == std::string_view::npos || line[first] == '#';
}

bool is_utf8_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_') plain += lower(c);
  constexpr std::array<std::string_view, 6> kNames{"utf8", "u8", "utf", "utf8ucs2", "utf8sig", "cp65001"};
  return std::ranges::find(kNames, plain) != kNames.end();
}

// A name of UTF-8 in Python that is not longer than `room`, the length of the replaced name. Empty: no such name.
std::string_view utf8_name(std::size_t room) {
  constexpr std::array<std::string_view, 4> kNames{"utf-8", "utf8", "utf", "u8"};
  for (const auto name : kNames)
    if (name.size() <= room) return name;
  return {};
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::string declared_as_utf8(std::string text) {
  std::string_view rest = without_byte_order_mark(text);
  for (int line = 0; line < 2 && !rest.empty(); ++line) {
    const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
    const auto first = rest.substr(0, end);
    if (const auto declared = declared_encoding(first); !declared.empty()) {
      const auto name = is_utf8_name(declared) ? std::string_view() : utf8_name(declared.size());
      if (name.empty()) return text;
      const auto at = static_cast<std::size_t>(declared.data() - text.data());
      const auto size = declared.size();
      return text.replace(at, size, std::string(name) + std::string(size - name.size(), ' '));
    }
    if (!is_blank_or_comment(first)) return text;
    const bool pair = rest.substr(end).starts_with("\r\n");
    rest.remove_prefix(std::min(end + (pair ? 2 : 1), rest.size()));
  }
  return text;
}

}  // namespace dind
