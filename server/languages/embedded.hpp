// The texts of languages/**/*.json, put into the program at build time (cmake/EmbedRecipes.cmake).
#pragma once

#include <span>
#include <string_view>

namespace dind::languages {

struct EmbeddedText {
  std::string_view name;  // the file's, without .json: what a recipe's `id` must say
  std::string_view text;
};
std::span<const EmbeddedText> embedded_recipes();
std::span<const EmbeddedText> embedded_workspace_programs();

}  // namespace dind::languages
