#include "languages/recipe.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "languages/embedded.hpp"
#include "support/text/lower.hpp"

namespace dind::languages {
namespace {

using nlohmann::json;

std::unexpected<Error> wrong_field(const std::string& field, const std::string& problem) {
  return fail(ErrorCode::invalid_request, "recipe: \"" + field + "\" " + problem);
}

Result<void> read_text(const json& recipe, const char* field, std::string& into) {
  const auto found = recipe.find(field);
  if (found == recipe.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    return wrong_field(field, "must be a text that is not empty");
  }
  into = found->get<std::string>();
  return {};
}

Result<void> read_flag(const json& recipe, const char* field, bool& into) {
  const auto found = recipe.find(field);
  if (found == recipe.end()) return {};
  if (!found->is_boolean()) return wrong_field(field, "must be true or false");
  into = found->get<bool>();
  return {};
}

Result<void> read_list(const json& recipe, const char* field, bool required, std::vector<std::string>& into) {
  const auto found = recipe.find(field);
  if (found == recipe.end() && !required) return {};
  if (found == recipe.end() || !found->is_array() || (required && found->empty())) {
    return wrong_field(field, required ? "must be a list that is not empty" : "must be a list");
  }
  for (const auto& entry : *found) {
    if (!entry.is_string() || entry.get_ref<const std::string&>().empty())
      return wrong_field(field, "must hold texts that are not empty");
    into.push_back(entry.get<std::string>());
  }
  return {};
}

Result<void> read_env(const json& recipe, std::vector<std::pair<std::string, std::string>>& into) {
  const auto found = recipe.find("env");
  if (found == recipe.end()) return {};
  if (!found->is_object()) return wrong_field("env", "must be an object of texts");
  for (const auto& [key, value] : found->items()) {
    if (key.empty() || key.contains('=') || !value.is_string())
      return wrong_field("env." + key, "must be a name without = and a text");
    into.emplace_back(key, value.get<std::string>());
  }
  return {};
}

Result<void> read_installer(const json& recipe, Recipe& into) {
  const auto found = recipe.find("dependencies");
  if (found == recipe.end()) return {};
  if (!found->is_object()) return wrong_field("dependencies", "must be an object with install and env");
  for (const auto& [key, value] : found->items())
    if (key != "install" && key != "env" && key != "list" && key != "constraints" && key != "start")
      return wrong_field("dependencies." + key, "is not a field of a recipe");
  InstallerRecipe& installer = into.packages.emplace();
  if (const auto read = read_list(*found, "install", true, installer.command); !read) return read;
  if (const auto read = read_env(*found, installer.env); !read) return read;
  for (const auto& [key, option] :
       {std::pair{"list", &installer.list_option}, std::pair{"constraints", &installer.constraints_option}})
    if (found->contains(key))
      if (const auto read = read_text(*found, key, *option); !read) return read;
  if (const auto start = found->find("start"); start != found->end()) {
    if (!start->is_object()) return wrong_field("dependencies.start", "must be an object with name and lines");
    std::vector<std::string> lines;
    if (const auto read = read_text(*start, "name", installer.start_name); !read) return read;
    if (const auto read = read_list(*start, "lines", true, lines); !read) return read;
    for (const auto& line : lines) installer.start_text += line + "\n";
  }
  if (std::ranges::count(installer.command, "{dependencies}") != 1)
    return wrong_field("dependencies.install", "must hold \"{dependencies}\" once");
  return {};
}

Result<void> read_fields(const json& recipe, Recipe& into) {
  static const std::set<std::string_view> kKnown{
      "id",           "name", "aliases",      "extensions",          "interpreters", "images",          "command",
      "default_file", "env",  "dependencies", "interpreters_differ", "similar",      "similar_options", "tools"};
  for (const auto& [key, value] : recipe.items()) {
    if (!kKnown.contains(key)) return wrong_field(key, "is not a field of a recipe");
  }
  for (auto read :
       {read_text(recipe, "id", into.id), read_text(recipe, "name", into.name),
        read_text(recipe, "default_file", into.default_file), read_list(recipe, "aliases", false, into.aliases),
        read_list(recipe, "extensions", true, into.extensions),
        read_list(recipe, "interpreters", false, into.interpreters),
        read_flag(recipe, "interpreters_differ", into.interpreters_differ),
        read_list(recipe, "similar", false, into.similar),
        recipe.contains("similar_options") ? read_text(recipe, "similar_options", into.similar_options)
                                           : Result<void>(),
        read_list(recipe, "tools", false, into.tools), read_list(recipe, "images", true, into.images),
        read_list(recipe, "command", true, into.command), read_env(recipe, into.env), read_installer(recipe, into)}) {
    if (!read) return read;
  }
  return {};
}

std::vector<Recipe> read_all() {
  std::vector<Recipe> all;
  std::set<std::string> taken;
  for (const auto& [name, text] : embedded_recipes()) {
    auto recipe = parse_recipe(text);
    if (!recipe) throw std::logic_error("languages/" + std::string(name) + ".json: " + recipe.error().message);
    if (recipe->id != name)
      throw std::logic_error("languages/" + std::string(name) + ".json: \"id\" must be the file's name");
    std::vector<std::string> names{recipe->id};
    names.insert(names.end(), recipe->aliases.begin(), recipe->aliases.end());
    names.insert(names.end(), recipe->extensions.begin(), recipe->extensions.end());
    for (const auto& claimed : names) {
      if (!taken.insert(lower(claimed)).second) {
        throw std::logic_error("languages/" + std::string(name) + ".json: " + claimed +
                               " belongs to another recipe already");
      }
    }
    all.push_back(std::move(*recipe));
  }
  std::ranges::sort(all, {}, &Recipe::id);
  return all;
}

}  // namespace

Result<Recipe> parse_recipe(std::string_view text) {
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(ErrorCode::invalid_request, "recipe: not a JSON object");
  Recipe recipe;
  if (const auto read = read_fields(parsed, recipe); !read) return std::unexpected(read.error());
  for (const auto& extension : recipe.extensions) {
    if (!extension.starts_with('.') || extension != lower(extension)) {
      return wrong_field("extensions", "must begin with a dot and be in lower case: " + extension);
    }
  }
  if (std::ranges::count(recipe.command, "{file}") != 1) return wrong_field("command", "must hold \"{file}\" once");
  if (recipe.default_file.contains('/')) return wrong_field("default_file", "must be a name without folders");
  return recipe;
}

std::span<const Recipe> recipes() {
  static const std::vector<Recipe> all = read_all();
  return all;
}

const Recipe* recipe_of_tool(std::string_view command) {
  for (const auto& recipe : recipes())
    if (std::ranges::find(recipe.tools, command) != recipe.tools.end()) return &recipe;
  return nullptr;
}

const Recipe* find_recipe(std::string_view id_or_alias) {
  const auto wanted = lower(id_or_alias);
  for (const auto& recipe : recipes()) {
    if (recipe.id == wanted || std::ranges::find(recipe.aliases, wanted) != recipe.aliases.end()) return &recipe;
  }
  return nullptr;
}

}  // namespace dind::languages
