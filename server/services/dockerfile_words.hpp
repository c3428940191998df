// Words of a Dockerfile: quotes, escapes and variables, as docker expands them. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/lower.hpp"

namespace dind {

// The words between blanks that are in no quotes; quotes and escapes stay.
std::vector<std::string> quoted_words(std::string_view line, char escape);

struct Variable {
  bool known = false;                // whether we know what the builder will have
  std::optional<std::string> value;  // none: it is not set
  std::string lacks = {};            // the variable that this builder does not set, and that its value is made from
};
using Variables = std::function<Variable(const std::string& name)>;

struct Expanded {
  std::string text;        // up to the first variable that isn't known
  bool certain = true;     // there was none
  std::string lacks = {};  // Variable::lacks of the first that was put in
};
// A word without its quotes and escapes, with its variables put in: $NAME, ${NAME}, ${NAME:-word}, ${NAME:+word},
// ${NAME:?word} and the same without a colon. Any other form is a variable that isn't known.
Expanded expanded(std::string_view word, char escape, const Variables& variables);

}  // namespace dind
