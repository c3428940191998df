// Regular expressions in the part of Go's syntax that docker uses for the patterns of a .dockerignore. Pure.
//
// The time of a match is always at most proportional to the expression's length times the text's length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dind {

class IgnoreRegex {
 public:
  // nullopt: Go refuses the expression, or it has a form that is not supported here (\p, a{2}).
  // If the form is not supported outside of sets, `supported` becomes false.
  static std::optional<IgnoreRegex> compile(std::u32string_view text, bool& supported);
  // Whether the expression matches anywhere in `path`. Docker's expressions have anchors.
  bool matches(std::u32string_view path) const;

 private:
  friend class RegexParser;
  struct Set {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    bool negated = false;
    bool has(char32_t c) const;
  };
  enum class Op { character, set, either, at_begin, at_end, at_word_edge, not_at_word_edge };
  struct Step {
    Op op = Op::character;
    char32_t character = 0;
    std::size_t set = 0;    // index in sets_
    std::size_t next = 0;   // the step after it; kMatched: the expression has matched
    std::size_t other = 0;  // for `either`: the alternative to `next`
  };
  bool holds(const Step& step, std::u32string_view path, std::size_t at) const;

  static constexpr std::size_t kMatched = SIZE_MAX;

  std::vector<Step> steps_;
  std::vector<std::size_t> starts_;  // the first step of each alternative
  std::vector<Set> sets_;
};

}  // namespace dind
