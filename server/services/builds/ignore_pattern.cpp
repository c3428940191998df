#include "services/builds/ignore_pattern.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "support/text/utf8.hpp"

namespace dind {
namespace {

constexpr char32_t kNoCharacter = 0xFFFD;

// The white space of Unicode, which Go trims.
constexpr std::array<std::string_view, 25> kBlanks = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\xC2\x85", "\xC2\xA0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",   "\u2007",   "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

// Removes one character from the start of `bytes` and returns it. A byte that is not UTF-8 is U+FFFD, as in Go.
char32_t take_character(std::string_view& bytes) {
  const auto character = first_character(bytes);
  bytes.remove_prefix(character.valid ? character.size : 1);
  return character.code;
}

std::u32string to_characters(std::string_view bytes) {
  std::u32string characters;
  while (!bytes.empty()) characters += take_character(bytes);
  return characters;
}

// Go's filepath.Clean: "./a//b/../c/" → "a/c", "/../a" → "/a", "../a" as it is.
std::string cleaned_pattern(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (!rooted) {
      parts.push_back(part);
    }
  }
  std::string clean = rooted ? "/" : "";
  for (const auto& part : parts) clean.append(&part == &parts.front() ? "" : "/").append(part);
  return clean.empty() ? "." : clean;
}

// Checks a pattern's syntax as Go's filepath.Match(pattern, ".") does, because docker refuses patterns with it. Like
// Go, it checks only up to the part where "." does not match.
class SyntaxCheck {
 public:
  explicit SyntaxCheck(std::string_view pattern) : rest_(pattern) {}

  bool passes() {
    std::string_view name = ".";
    while (!rest_.empty()) {
      const auto after_stars = std::min(rest_.find_first_not_of('*'), rest_.size());
      const bool star = after_stars > 0;
      rest_.remove_prefix(after_stars);
      const auto chunk = take_chunk();
      if (star && chunk.empty()) return true;
      bool matched = false;
      for (std::size_t skipped = 0; !matched && skipped <= (star ? name.size() : 0); ++skipped) {
        auto left = name.substr(skipped);
        const auto found = match(chunk, left);
        if (found == Found::malformed) return false;
        matched = found == Found::yes && (left.empty() || !rest_.empty());
        if (matched) name = left;
      }
      if (!matched) return true;
    }
    return true;
  }

 private:
  enum class Found { malformed, no, yes };

  // Removes and returns the text up to the next star that is not in a set.
  std::string_view take_chunk() {
    bool in_set = false;
    std::size_t at = 0;
    for (; at < rest_.size() && (in_set || rest_[at] != '*'); ++at) {
      if (rest_[at] == '\\' && at + 1 < rest_.size())
        ++at;
      else if (rest_[at] == '[' || rest_[at] == ']')
        in_set = rest_[at] == '[';
    }
    const auto chunk = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return chunk;
  }

  static Found match(std::string_view chunk, std::string_view& name) {
    bool matches = true;
    while (!chunk.empty()) {
      matches = matches && !name.empty();
      const char c = chunk.front();
      const char seen = matches ? name.front() : '\0';
      if (matches) name.remove_prefix(1);
      chunk.remove_prefix(1);
      if (c == '[') {
        const auto found = match_set(chunk, static_cast<char32_t>(seen));
        if (found == Found::malformed) return found;
        matches = matches && found == Found::yes;
        continue;
      }
      if (c == '\\' && chunk.empty()) return Found::malformed;
      const char wanted = c == '\\' ? chunk.front() : c;
      if (c == '\\') chunk.remove_prefix(1);
      matches = matches && (c == '?' || wanted == seen);
    }
    return matches ? Found::yes : Found::no;
  }

  static Found match_set(std::string_view& chunk, char32_t seen) {
    const bool negated = chunk.starts_with('^');
    if (negated) chunk.remove_prefix(1);
    bool matched = false;
    for (bool first = true; first || !chunk.starts_with(']'); first = false) {
      const auto low = take_member(chunk);
      if (!low) return Found::malformed;
      auto high = low;
      if (chunk.starts_with('-')) {
        chunk.remove_prefix(1);
        high = take_member(chunk);
        if (!high) return Found::malformed;
      }
      matched = matched || (*low <= seen && seen <= *high);
    }
    chunk.remove_prefix(1);
    return matched != negated ? Found::yes : Found::no;
  }

  // Removes and returns one character of a set. Something must follow it.
  static std::optional<char32_t> take_member(std::string_view& chunk) {
    if (chunk.empty() || chunk.front() == '-' || chunk.front() == ']') return std::nullopt;
    if (chunk.front() == '\\') chunk.remove_prefix(1);
    if (chunk.empty()) return std::nullopt;
    const auto before = chunk.size();
    const auto c = take_character(chunk);
    if (chunk.empty() || (c == kNoCharacter && before - chunk.size() == 1)) return std::nullopt;
    return c;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view without_blanks(std::string_view text) {
  for (bool more = true; more;) {
    more = false;
    for (const auto blank : kBlanks) {
      if (text.starts_with(blank)) {
        text.remove_prefix(blank.size());
        more = true;
      }
      if (text.ends_with(blank)) {
        text.remove_suffix(blank.size());
        more = true;
      }
    }
  }
  return text;
}

IgnorePath::IgnorePath(std::string_view path) : bytes(path), characters(to_characters(path)) {}

std::optional<IgnorePattern> IgnorePattern::compile(std::string_view line, PatternFault* fault) {
  IgnorePattern made;
  if (fault != nullptr) *fault = PatternFault::syntax;
  const bool inverted = line.starts_with('!');
  if (inverted) line = without_blanks(line.substr(1));
  std::string text = line.empty() ? "" : cleaned_pattern(line);
  if (text.size() > 1 && text.front() == '/') text.erase(0, 1);
  text = without_blanks((inverted ? "!" : "") + text);  // docker trims and cleans twice
  if (text.empty()) return made;
  text = cleaned_pattern(text);
  made.exception_ = text.starts_with('!');
  made.text_ = text.substr(made.exception_ ? 1 : 0);
  if (made.text_.empty() || !SyntaxCheck(made.text_).passes()) return std::nullopt;

  auto characters = to_characters(made.text_);
  if (characters.starts_with(U'\uFEFF')) characters.erase(0, 1);
  std::u32string regex = U"^";
  for (std::size_t at = 0; at < characters.size();) {
    const bool first = at == 0;
    const char32_t c = characters[at++];
    if (c == U'*' && at < characters.size() && characters[at] == U'*') {
      ++at;
      if (at < characters.size() && characters[at] == U'/') ++at;
      if (at < characters.size()) {
        regex += U"(.*/)?";
        made.kind_ = Kind::regex;
      } else if (made.kind_ == Kind::exact) {
        made.kind_ = Kind::prefix;
      } else {
        regex += U".*";
        made.kind_ = Kind::regex;
      }
      if (first) made.kind_ = Kind::suffix;
    } else if (c == U'*' || c == U'?') {
      regex += c == U'*' ? U"[^/]*" : U"[^/]";
      made.kind_ = Kind::regex;
    } else if (std::u32string_view(U".+()$").contains(c)) {  // not |, { and }: docker does not escape them
      (regex += U'\\') += c;
    } else if (c == U'\\') {
      regex += c;
      if (at < characters.size()) regex += characters[at++];
      made.kind_ = Kind::regex;
    } else {
      regex += c;
      if (c == U'[' || c == U']') made.kind_ = Kind::regex;
    }
  }
  if (made.kind_ != Kind::regex) return made;
  bool supported = true;
  made.regex_ = IgnoreRegex::compile(regex + U"$", supported);
  if (made.regex_) return made;
  if (fault != nullptr && !supported) *fault = PatternFault::not_supported;
  return std::nullopt;
}

bool IgnorePattern::matches(const IgnorePath& path) const {
  const auto text = std::string_view(text_);
  switch (kind_) {
    case Kind::exact:
      return path.bytes == text;
    case Kind::prefix:
      return path.bytes.starts_with(text.substr(0, text.size() - 2));
    case Kind::suffix: {
      const auto suffix = text.substr(2);
      return path.bytes.ends_with(suffix) || (suffix.starts_with('/') && path.bytes == suffix.substr(1));
    }
    case Kind::regex:
      return regex_->matches(path.characters);
  }
  return false;
}

bool IgnorePattern::may_match_below(std::string_view folder) const {
  if (kind_ != Kind::exact) return true;
  return std::string_view(text_).starts_with(folder) && text_.size() > folder.size() && text_[folder.size()] == '/';
}

}  // namespace dind
