// The texts of languages/**/*.json, embedded in the program at build time (cmake/EmbedRecipes.cmake).
#pragma once

#include <span>
#include <string_view>

namespace dind::languages {

struct EmbeddedText {
  std::string_view name;  // the file name without .json; a recipe's `id` must be equal to it
  std::string_view text;
};
std::span<const EmbeddedText> embedded_recipes();
std::span<const EmbeddedText> embedded_workspace_programs();

}  // namespace dind::languages
