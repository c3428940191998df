// One pattern of a .dockerignore, compiled and matched by docker's rules (moby/patternmatcher). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/ignore_regex.hpp"

namespace dind::sandbox {

// `text` without what Unicode calls white space at its ends.
std::string_view without_blanks(std::string_view text);

// A path, in bytes and in characters. A byte that is part of no character counts as U+FFFD, as in Go.
struct IgnorePath {
  explicit IgnorePath(std::string_view path);
  std::string_view bytes;
  std::u32string characters;
};

// Why a pattern is none.
enum class PatternFault {
  syntax,         // of a set, or a backslash at the end
  not_supported,  // its regular expression has a form that Go refuses, or that is not supported here
};

class IgnorePattern {
 public:
  // `line` is a line's pattern without blanks around it, `!` included. nullopt: docker refuses it, or IgnoreRegex does;
  // then `fault` says why, if it is not null.
  static std::optional<IgnorePattern> compile(std::string_view line, PatternFault* fault = nullptr);

  bool exception() const { return exception_; }
  bool matches(const IgnorePath& path) const;
  // Whether it may match something in `folder`: docker looks into an ignored folder only for such an exception.
  bool may_match_below(std::string_view folder) const;

 private:
  enum class Kind { exact, prefix, suffix, regex };

  std::string text_;  // cleaned, without `!`
  Kind kind_ = Kind::exact;
  bool exception_ = false;
  std::optional<IgnoreRegex> regex_;
};

}  // namespace dind::sandbox
