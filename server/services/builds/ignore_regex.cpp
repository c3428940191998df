#include "services/builds/ignore_regex.hpp"

#include <algorithm>
#include <array>

namespace dind {
namespace {

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

constexpr char32_t kLast = 0x10FFFF;

bool is_word(char32_t c) {
  return (c >= U'0' && c <= U'9') || (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z') || c == U'_';
}
bool is_octal(char32_t c) { return c >= U'0' && c <= U'7'; }

std::optional<char32_t> hex_value(char32_t c) {
  if (c >= U'0' && c <= U'9') return c - U'0';
  if (c >= U'a' && c <= U'f') return c - U'a' + 10;
  if (c >= U'A' && c <= U'F') return c - U'A' + 10;
  return std::nullopt;
}

const Ranges kDigits = {{U'0', U'9'}};
const Ranges kSpaces = {{U'\t', U'\n'}, {U'\f', U'\r'}, {U' ', U' '}};
const Ranges kWord = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}};

struct NamedRanges {
  std::u32string_view name;
  Ranges ranges;
};
const std::array<NamedRanges, 14> kPosixClasses = {{
    {U"alnum", {{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}}},
    {U"alpha", {{U'A', U'Z'}, {U'a', U'z'}}},
    {U"ascii", {{0, 0x7F}}},
    {U"blank", {{U'\t', U'\t'}, {U' ', U' '}}},
    {U"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
    {U"digit", kDigits},
    {U"graph", {{U'!', U'~'}}},
    {U"lower", {{U'a', U'z'}}},
    {U"print", {{U' ', U'~'}}},
    {U"punct", {{U'!', U'/'}, {U':', U'@'}, {U'[', U'`'}, {U'{', U'~'}}},
    {U"space", {{U'\t', U'\r'}, {U' ', U' '}}},
    {U"upper", {{U'A', U'Z'}}},
    {U"word", kWord},
    {U"xdigit", {{U'0', U'9'}, {U'A', U'F'}, {U'a', U'f'}}},
}};

// `ranges` must be sorted and must not overlap.
Ranges complement(const Ranges& ranges) {
  Ranges others;
  char32_t from = 0;
  for (const auto& [low, high] : ranges) {
    if (low > from) others.emplace_back(from, low - 1);
    from = high + 1;
  }
  others.emplace_back(from, kLast);
  return others;
}

std::optional<Ranges> perl_class(char32_t letter) {
  switch (letter) {
    case U'd':
      return kDigits;
    case U'D':
      return complement(kDigits);
    case U's':
      return kSpaces;
    case U'S':
      return complement(kSpaces);
    case U'w':
      return kWord;
    case U'W':
      return complement(kWord);
    default:
      return std::nullopt;
  }
}

// Reads the characters of a pattern, with escapes.
class CharacterReader {
 public:
  explicit CharacterReader(std::u32string_view text) : rest_(text) {}

 protected:
  char32_t take() {
    const char32_t c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take_if(std::u32string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  // Parses what follows a backslash.
  std::optional<char32_t> escaped_character() {
    if (rest_.empty()) return std::nullopt;
    const char32_t c = take();
    if (c >= U'1' && c <= U'7' && (rest_.empty() || !is_octal(rest_.front()))) return std::nullopt;
    if (is_octal(c)) {
      char32_t value = c - U'0';
      for (int i = 1; i < 3 && !rest_.empty() && is_octal(rest_.front()); ++i) value = value * 8 + take() - U'0';
      return value;
    }
    switch (c) {
      case U'x':
        return hex_character();
      case U'a':
        return U'\a';
      case U'f':
        return U'\f';
      case U'n':
        return U'\n';
      case U'r':
        return U'\r';
      case U't':
        return U'\t';
      case U'v':
        return U'\v';
      default:
        break;
    }
    if (c >= 0x80 || (is_word(c) && c != U'_')) return std::nullopt;
    return c;
  }

  std::optional<char32_t> hex_character() {
    char32_t value = 0;
    if (take_if(U"{")) {
      int digits = 0;
      while (!rest_.empty() && !take_if(U"}")) {
        const auto digit = hex_value(take());
        if (!digit || (value = value * 16 + *digit) > kLast) return std::nullopt;
        ++digits;
        if (rest_.empty()) return std::nullopt;
      }
      return digits > 0 ? std::optional(value) : std::nullopt;
    }
    for (int i = 0; i < 2; ++i) {
      const auto digit = rest_.empty() ? std::nullopt : hex_value(take());
      if (!digit) return std::nullopt;
      value = value * 16 + *digit;
    }
    return value;
  }

  std::optional<char32_t> class_character() {
    if (rest_.empty()) return std::nullopt;
    const char32_t c = take();
    return c == U'\\' ? escaped_character() : c;
  }

  std::u32string_view rest_;
};

}  // namespace

class RegexParser : private CharacterReader {
 public:
  RegexParser(std::u32string_view text, IgnoreRegex& into, bool& supported)
      : CharacterReader(text), into_(into), supported_(supported) {}

  bool parse() {
    into_.starts_ = {0};
    while (!rest_.empty()) {
      const char32_t c = take();
      const bool fine = c == U'|'    ? end_alternative(true)
                        : c == U'['  ? parse_class()
                        : c == U'('  ? parse_folders()
                        : c == U'\\' ? parse_escape()
                                     : parse_plain(c);
      if (fine) continue;
      supported_ = c == U'[';
      return false;
    }
    return end_alternative(false);
  }

 private:
  using Op = IgnoreRegex::Op;

  void add(IgnoreRegex::Step step) {
    step.next = into_.steps_.size() + 1;
    into_.steps_.push_back(step);
  }
  void add_character(char32_t c) { add({.op = Op::character, .character = c}); }
  // Adds a set, with the star that may follow it.
  void add_set(IgnoreRegex::Set set) {
    into_.sets_.push_back(std::move(set));
    const bool repeated = take_if(U"*");
    const auto first = into_.steps_.size();
    if (repeated) add({.op = Op::either, .other = first + 2});
    add({.op = Op::set, .set = into_.sets_.size() - 1});
    if (repeated) into_.steps_.back().next = first;
  }

  bool end_alternative(bool more) {
    const auto end = into_.steps_.size();
    for (auto i = into_.starts_.back(); i < end; ++i) {
      auto& step = into_.steps_[i];
      if (step.next == end) step.next = IgnoreRegex::kMatched;
      if (step.op == Op::either && step.other == end) step.other = IgnoreRegex::kMatched;
    }
    if (into_.starts_.back() == end) into_.starts_.back() = IgnoreRegex::kMatched;
    if (more) into_.starts_.push_back(end);
    return true;
  }

  // Whether "{" starts a repetition: "{2}", "{2,}" or "{2,3}". Go then repeats what is before it.
  bool is_repetition() const {
    auto text = rest_;
    const auto number = [&text] {
      const auto digits = std::min(text.find_first_not_of(U"0123456789"), text.size());
      const bool fine = digits == 1 || (digits > 1 && text.front() != U'0');
      text.remove_prefix(digits);
      return fine;
    };
    if (!number()) return false;
    if (text.starts_with(U',')) {
      text.remove_prefix(1);
      if (!text.starts_with(U'}') && !number()) return false;
    }
    return text.starts_with(U'}');
  }

  bool parse_plain(char32_t c) {
    if (c == U'*' || c == U'?' || c == U'+' || (c == U'{' && is_repetition())) return false;
    if (c == U'^') {
      add({.op = Op::at_begin});
    } else if (c == U'$') {
      add({.op = Op::at_end});
    } else if (c == U'.') {
      add_set({.ranges = {{U'\n', U'\n'}}, .negated = true});
    } else {
      add_character(c);
    }
    return true;
  }

  // Parses "(.*/)?", the only group that docker uses.
  bool parse_folders() {
    if (!take_if(U".*/)?")) return false;
    const auto first = into_.steps_.size();
    add({.op = Op::either, .other = first + 4});
    into_.sets_.push_back({.ranges = {{U'\n', U'\n'}}, .negated = true});
    add({.op = Op::either, .other = first + 3});
    add({.op = Op::set, .set = into_.sets_.size() - 1});
    into_.steps_.back().next = first + 1;
    add_character(U'/');
    return true;
  }

  bool parse_escape() {
    if (rest_.empty()) return false;
    const char32_t letter = rest_.front();
    if (letter == U'Q') {  // literal up to \E
      take();
      while (!rest_.empty() && !take_if(U"\\E")) add_character(take());
      return true;
    }
    if (letter == U'A' || letter == U'z' || letter == U'b' || letter == U'B') {
      take();
      add({.op = letter == U'A'   ? Op::at_begin
                 : letter == U'z' ? Op::at_end
                 : letter == U'b' ? Op::at_word_edge
                                  : Op::not_at_word_edge});
      return true;
    }
    if (auto ranges = perl_class(letter)) {
      take();
      add_set({.ranges = std::move(*ranges)});
      return true;
    }
    const auto c = escaped_character();
    if (c) add_character(*c);
    return c.has_value();
  }

  // Parses "[:alpha:]" in a set. False: no class has this name.
  bool parse_posix(Ranges& ranges, bool& found) {
    found = false;
    if (!rest_.starts_with(U"[:")) return true;
    const auto end = rest_.find(U":]", 2);
    if (end == std::u32string_view::npos) return true;
    auto name = rest_.substr(2, end - 2);
    const bool negated = name.starts_with(U'^');
    if (negated) name.remove_prefix(1);
    const auto known = std::ranges::find(kPosixClasses, name, &NamedRanges::name);
    if (known == kPosixClasses.end()) return false;
    const Ranges& taken = negated ? complement(known->ranges) : known->ranges;
    ranges.insert(ranges.end(), taken.begin(), taken.end());
    rest_.remove_prefix(end + 2);
    found = true;
    return true;
  }

  bool parse_class() {
    IgnoreRegex::Set set;
    set.negated = take_if(U"^");
    for (bool first = true; rest_.empty() || rest_.front() != U']' || first; first = false) {
      if (rest_.empty()) return false;
      bool posix = false;
      if (!parse_posix(set.ranges, posix)) return false;
      if (posix) continue;
      if (rest_.starts_with(U'\\') && rest_.size() > 1) {
        if (const auto ranges = perl_class(rest_[1])) {
          set.ranges.insert(set.ranges.end(), ranges->begin(), ranges->end());
          rest_.remove_prefix(2);
          continue;
        }
      }
      const auto low = class_character();
      if (!low) return false;
      auto high = low;
      if (rest_.size() >= 2 && rest_[0] == U'-' && rest_[1] != U']') {
        take();
        high = class_character();
        if (!high || *high < *low) return false;
      }
      set.ranges.emplace_back(*low, *high);
    }
    take();
    add_set(std::move(set));
    return true;
  }

  IgnoreRegex& into_;
  bool& supported_;
};

bool IgnoreRegex::Set::has(char32_t c) const {
  return std::ranges::any_of(ranges, [c](const auto& each) { return each.first <= c && c <= each.second; }) != negated;
}

std::optional<IgnoreRegex> IgnoreRegex::compile(std::u32string_view text, bool& supported) {
  IgnoreRegex made;
  if (!RegexParser(text, made, supported).parse()) return std::nullopt;
  return made;
}

bool IgnoreRegex::holds(const Step& step, std::u32string_view path, std::size_t at) const {
  if (step.op == Op::at_begin) return at == 0;
  if (step.op == Op::at_end) return at == path.size();
  const bool before = at > 0 && is_word(path[at - 1]);
  const bool after = at < path.size() && is_word(path[at]);
  return (before != after) == (step.op == Op::at_word_edge);
}

bool IgnoreRegex::matches(std::u32string_view path) const {
  std::vector<std::size_t> now, later;              // steps to try at this position, and at the next
  std::vector<std::size_t> seen(steps_.size(), 0);  // for each step: the last position, from 1, at which it was reached
  for (std::size_t at = 0; at <= path.size(); ++at) {
    later.clear();
    now.insert(now.end(), starts_.begin(), starts_.end());
    for (std::size_t i = 0; i < now.size(); ++i) {
      const auto index = now[i];
      if (index == kMatched) return true;
      if (seen[index] == at + 1) continue;
      seen[index] = at + 1;
      const Step& step = steps_[index];
      if (step.op == Op::either) {
        now.push_back(step.next);
        now.push_back(step.other);
      } else if (step.op == Op::character) {
        if (at < path.size() && path[at] == step.character) later.push_back(step.next);
      } else if (step.op == Op::set) {
        if (at < path.size() && sets_[step.set].has(path[at])) later.push_back(step.next);
      } else if (holds(step, path, at)) {
        now.push_back(step.next);
      }
    }
    std::swap(now, later);
  }
  return false;
}

}  // namespace dind
