// Recipes and language detection: a bad text is only refused, and an accepted recipe can run a program.
#include "languages/recipe.hpp"

#include "fuzz.hpp"

using namespace dind;
using namespace dind::languages;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto recipe = parse_recipe(text)) {
    fuzz::require(!recipe->id.empty() && !recipe->images.empty() && !recipe->command.empty(), "a recipe is complete");
    fuzz::require(!recipe->default_file.contains('/'), "the default file name is not a path");
    fuzz::require(std::ranges::count(recipe->command, "{file}") == 1, "the command names the file exactly once");
    for (const auto& [name, value] : recipe->env)
      fuzz::require(!name.empty() && !name.contains('='), "a variable has a valid name");
  }
  const auto cut = text.find('\n');
  const auto name = text.substr(0, cut);
  const auto program = cut == std::string_view::npos ? std::string_view{} : text.substr(cut + 1);
  if (const auto found = detect(std::nullopt, name, program))
    fuzz::require(*found != nullptr, "a detected recipe is not null");
  // An empty language counts as not given. Then the text decides.
  if (const auto found = name.empty() ? Result<const Recipe*>(nullptr) : detect(name, "", program); found && *found)
    fuzz::require(find_recipe(name) == *found, "both ways find the same recipe");
  return 0;
}
