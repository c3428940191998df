#include "services/builds/ignore_rules.hpp"

#include <algorithm>

#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxLineLength = 64 << 10;  // docker's own limit
constexpr std::size_t kMaxPatterns = 10'000;

std::unexpected<Error> refused(std::size_t line, std::string_view file, const std::string& why) {
  return fail(ErrorCode::invalid_request,
              "Line " + std::to_string(line) + " of " + shortened(escaped(file), 120) + why);
}

std::string cause(std::string_view line, PatternFault fault) {
  if (fault == PatternFault::not_supported)
    return "has a form that is not supported here: a repetition such as a{2}, or \\ before a letter or a digit. Write "
           "it with *, ? and sets such as [a-c]";
  return std::string("has a syntax error, for which docker refuses it: ") +
         (line == "!" ? "a pattern must follow the !" : "a set such as [a-c] ends with ], and \\[ is a bracket");
}

}  // namespace

Result<IgnoreRules> IgnoreRules::parse(std::string_view text, std::string_view file_name) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // byte order mark; some editors write it at the start of a file
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  IgnoreRules rules;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() >= kMaxLineLength)
      return refused(number, file_name, " is longer than 64 KiB: docker refuses it too");
    if (line.starts_with('#')) continue;
    line = without_blanks(line);
    if (line.empty()) continue;
    if (rules.patterns_.size() == kMaxPatterns)
      return refused(number, file_name, " is one pattern more than 10000, which is the limit: use wildcards");
    PatternFault fault = PatternFault::syntax;
    auto compiled = IgnorePattern::compile(line, &fault);
    if (!compiled)
      return refused(number, file_name, ", \"" + shortened(escaped(line), 80) + "\", " + cause(line, fault));
    rules.patterns_.push_back(std::move(*compiled));
  }
  return rules;
}

bool IgnoreRules::ignored(std::string_view path, const Matched& folder, Matched& own) const {
  own.assign(patterns_.size(), false);
  if (patterns_.empty()) return false;
  const IgnorePath seen(path);
  bool out = false;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const auto& pattern = patterns_[i];
    bool matched = !folder.empty() && folder[i];
    if (!matched) {
      if (pattern.exception() != out) continue;  // a match would change nothing
      matched = pattern.matches(seen);
    }
    own[i] = matched;
    if (matched) out = !pattern.exception();
  }
  return out;
}

bool IgnoreRules::ignored(std::string_view path) const {
  Matched folder, own;
  for (std::size_t end = 0; end != path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const auto part = path.substr(0, end);
    const bool out = ignored(part, folder, own);
    if (end == path.size() || (out && !may_keep_below(part))) return out;
    std::swap(folder, own);
  }
  return false;
}

bool IgnoreRules::may_keep_below(std::string_view folder) const {
  return std::ranges::any_of(patterns_,
                             [&](const auto& each) { return each.exception() && each.may_match_below(folder); });
}

}  // namespace dind
