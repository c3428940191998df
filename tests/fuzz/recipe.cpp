// Recipes and the detection that reads them: no text is more than refused, and what is accepted can be run.
#include "languages/recipe.hpp"

#include "fuzz.hpp"

using namespace dind;
using namespace dind::languages;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto recipe = parse_recipe(text)) {
    fuzz::require(!recipe->id.empty() && !recipe->images.empty() && !recipe->command.empty(), "a recipe is whole");
    fuzz::require(!recipe->default_file.contains('/'), "a snippet's name is no path");
    fuzz::require(std::ranges::count(recipe->command, "{file}") == 1, "the program is named once");
    for (const auto& [name, value] : recipe->env) fuzz::require(!name.empty() && !name.contains('='), "a variable");
  }
  const auto cut = text.find('\n');
  const auto name = text.substr(0, cut);
  const auto program = cut == std::string_view::npos ? std::string_view{} : text.substr(cut + 1);
  if (const auto found = detect(std::nullopt, name, program)) fuzz::require(*found != nullptr, "a language");
  // An empty language is none given: then the text decides.
  if (const auto found = name.empty() ? Result<const Recipe*>(nullptr) : detect(name, "", program); found && *found)
    fuzz::require(find_recipe(name) == *found, "the same by its name");
  return 0;
}
