// Regular expressions in the part of Go's syntax that docker makes of the patterns of a .dockerignore. Pure.
//
// Matching takes time in proportion to the length of the expression times that of the text, whatever they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dind::sandbox {

class IgnoreRegex {
 public:
  // nullopt: Go refuses the expression, or it has a form that is not supported here (\p, a{2}).
  // Of a form outside of sets, `supported` becomes false.
  static std::optional<IgnoreRegex> compile(std::u32string_view text, bool& supported);
  // Whether it matches anywhere in `path`: docker's expressions have anchors.
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
    std::size_t next = 0;   // the step after it; kMatched: there is none
    std::size_t other = 0;  // either: the second way
  };
  bool holds(const Step& step, std::u32string_view path, std::size_t at) const;

  static constexpr std::size_t kMatched = SIZE_MAX;

  std::vector<Step> steps_;
  std::vector<std::size_t> starts_;  // the first step of each alternative
  std::vector<Set> sets_;
};

}  // namespace dind::sandbox
