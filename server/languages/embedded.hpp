// The texts of languages/*.json, put into the program at build time (cmake/EmbedRecipes.cmake).
#pragma once

#include <span>
#include <string_view>

namespace dind::languages {

struct EmbeddedRecipe {
  std::string_view name;  // the file's, without .json: what `id` must say
  std::string_view text;
};
std::span<const EmbeddedRecipe> embedded_recipes();

}  // namespace dind::languages
