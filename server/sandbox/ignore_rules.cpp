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

// In steps of one part each: a pattern of many `**` costs no more than its length times the path's.
bool matches(Parts pattern, Parts path) {
  std::vector<bool> reached(path.size() + 1, false);  // by the pattern so far, having taken so many parts of the path
  reached[0] = true;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    std::vector<bool> next(path.size() + 1, false);
    if (pattern[i] == "**") {
      // At the end it stands for something, else for nothing too.
      bool before = false;
      for (std::size_t n = 0; n <= path.size(); ++n) {
        if (i + 1 < pattern.size() || n > 0) next[n] = before || (i + 1 < pattern.size() && reached[n]);
        before = before || reached[n];
      }
    } else {
      for (std::size_t n = 0; n < path.size(); ++n)
        next[n + 1] = reached[n] && fnmatch(pattern[i].c_str(), path[n].c_str(), 0) == 0;
    }
    reached = std::move(next);
  }
  return reached[path.size()];
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
