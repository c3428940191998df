// How one program runs: the recipe's command, with the interpreter and the arguments that its `#!` line names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "languages/recipe.hpp"

namespace dind::languages {

struct Invocation {
  const Recipe* recipe = nullptr;
  std::vector<std::string> command;  // argv; "{file}" is the program's path; its arguments follow it
  std::vector<std::string> notes;    // for people: what the `#!` line asks for and does not get
};

// The recipe is that of `detect`. The `#!` line then has the effect that it has when Linux executes the file, as far as
// the image can be expected to have the interpreter. `own_image`: the caller named the image; then an interpreter that
// the recipe does not know runs as the line names it. Notes are in `terms`. Errors: as `detect`.
Result<Invocation> invocation_of(std::optional<std::string_view> language, std::string_view file_name,
                                 std::string_view text, Terms terms = Terms::fields, bool own_image = false);

}  // namespace dind::languages
