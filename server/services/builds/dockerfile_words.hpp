// Reads words of a Dockerfile, with quotes, escapes and variables, as Docker expands them. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/text/lower.hpp"

namespace dind {

// Splits `line` at blanks outside of quotes. Quotes and escapes stay in the words.
std::vector<std::string> quoted_words(std::string_view line, char escape);

struct Variable {
  bool known = false;                // whether the builder's value is known
  std::optional<std::string> value;  // nullopt: the variable is not set
  std::string lacks = {};            // a variable that the value depends on and that this builder does not set
};
using Variables = std::function<Variable(const std::string& name)>;

struct Expanded {
  std::string text;        // up to the first variable that is not known
  bool certain = true;     // all variables are known, and the text is at most 64 KiB
  std::string lacks = {};  // the first `Variable::lacks` that is not empty
};
// Removes quotes and escapes from a word and expands its variables: $NAME, ${NAME}, ${NAME:-word}, ${NAME:+word},
// ${NAME:?word} and the same without a colon. Any other form counts as a variable that is not known.
Expanded expanded(std::string_view word, char escape, const Variables& variables);

}  // namespace dind
