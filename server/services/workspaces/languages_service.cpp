#include "services/workspaces/languages_service.hpp"

#include <utility>

#include "languages/recipe.hpp"
#include "support/text/source_text.hpp"

namespace dind {

std::vector<LanguageSummary> language_list() {
  std::vector<LanguageSummary> list;
  for (const auto& recipe : languages::recipes())
    list.push_back({recipe.id, recipe.name, recipe.extensions, recipe.images});
  return list;
}

std::optional<std::string> runnable_language(std::optional<std::string_view> language_id, std::string_view file_name,
                                             std::string_view text) {
  // If no recipe knows the language id of an editor ("plaintext"), the file's name and text decide.
  if (language_id && !languages::find_recipe(*language_id)) language_id = std::nullopt;
  const auto recipe = languages::detect(language_id, file_name, text);
  if (!recipe) return std::nullopt;
  return (*recipe)->id;
}

std::string unicode_program(std::string text, std::optional<std::string_view> language, std::string_view file_name) {
  if (runnable_language(language, file_name, text) != "python") return text;
  return declared_as_utf8(std::move(text));
}

}  // namespace dind
