// Decides how one program runs: by the recipe's command, with the interpreter and arguments that its `#!` line names.
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

// `detect` chooses the recipe. The `#!` line then has the same effect as when Linux executes the file, if the image can
// be expected to have the interpreter. `own_image`: the caller named the image; then a shell that no recipe
// knows runs as the line names it. Notes are in `terms`. Errors: those of `detect`.
Result<Invocation> plan_invocation(std::optional<std::string_view> language, std::string_view file_name,
                                   std::string_view text, Terms terms = Terms::fields, bool own_image = false);

}  // namespace dind::languages
