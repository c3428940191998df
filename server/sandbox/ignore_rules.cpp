#include "sandbox/ignore_rules.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <span>

namespace dind::sandbox {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// "a//b/./c/../d" → a, b, d.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.emplace_back(part);
    }
  }
  return parts;
}

using Parts = std::span<const std::string>;

bool matches(Parts pattern, Parts path) {
  while (!pattern.empty()) {
    if (pattern.front() == "**") {
      const auto rest = pattern.subspan(1);
      if (rest.empty()) return !path.empty();
      for (std::size_t skip = 0; skip <= path.size(); ++skip)
        if (matches(rest, path.subspan(skip))) return true;
      return false;
    }
    if (path.empty() || fnmatch(pattern.front().c_str(), path.front().c_str(), 0) != 0) return false;
    pattern = pattern.subspan(1);
    path = path.subspan(1);
  }
  return path.empty();
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // some editors begin a file with it
  constexpr std::size_t kMostRules = 10'000;
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  while (!text.empty() && rules_.size() < kMostRules) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    line = trimmed(line);
    Rule rule;
    if (line.starts_with('!')) {
      rule.exception = true;
      line = trimmed(line.substr(1));
    }
    rule.parts = parts_of(line);
    if (rule.parts.empty()) continue;
    // Two in a row mean what one means, and cost more.
    const auto twice =
        std::ranges::unique(rule.parts, [](const auto& a, const auto& b) { return a == "**" && b == a; });
    rule.parts.erase(twice.begin(), twice.end());
    exceptions_ = exceptions_ || rule.exception;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignored(std::string_view path) const {
  const auto parts = parts_of(path);
  bool out = false;
  for (const auto& rule : rules_) {
    if (rule.exception != out) continue;  // it would change nothing
    for (std::size_t depth = 1; depth <= parts.size(); ++depth) {
      if (!matches(rule.parts, Parts(parts).first(depth))) continue;
      out = !rule.exception;
      break;
    }
  }
  return out;
}

}  // namespace dind::sandbox
