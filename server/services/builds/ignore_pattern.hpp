// Compiles and matches one pattern of a .dockerignore by Docker's rules (moby/patternmatcher). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/builds/ignore_regex.hpp"

namespace dind {

// `text` without white space (as Unicode defines it) at its ends.
std::string_view without_blanks(std::string_view text);

// A path, in bytes and in characters. A byte that is part of no character counts as U+FFFD, as in Go.
struct IgnorePath {
  explicit IgnorePath(std::string_view path);
  std::string_view bytes;
  std::u32string characters;
};

// Why a pattern is not valid.
enum class PatternFault {
  syntax,         // an error in a set, or a backslash at the end
  not_supported,  // its regular expression has a form that Go refuses, or that is not supported here
};

class IgnorePattern {
 public:
  // `line`: the pattern of a line, with its `!`, without white space around it. nullopt: Docker or IgnoreRegex
  // refuses the pattern; then `fault` says why, if it is not null.
  static std::optional<IgnorePattern> compile(std::string_view line, PatternFault* fault = nullptr);

  bool exception() const { return exception_; }
  bool matches(const IgnorePath& path) const;
  // Whether the pattern may match something in `folder`. Docker searches an ignored folder only if an exception may
  // match in it.
  bool may_match_below(std::string_view folder) const;

 private:
  enum class Kind { exact, prefix, suffix, regex };

  std::string text_;  // cleaned, without `!`
  Kind kind_ = Kind::exact;
  bool exception_ = false;
  std::optional<IgnoreRegex> regex_;
};

}  // namespace dind
