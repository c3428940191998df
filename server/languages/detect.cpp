// Chooses the recipe of a file: the language that the caller names, else the file's extension, else its `#!` line.

#include <algorithm>

#include "domain/terms.hpp"
#include "languages/recipe.hpp"
#include "support/text/dockerfile_name.hpp"
#include "support/text/lower.hpp"
#include "support/text/shebang.hpp"

namespace dind::languages {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of("/\\") + 1); }

// ".py" of "dir/Hello.PY"; empty for "Makefile" and ".bashrc".
std::string file_extension(std::string_view file_name) {
  const auto name = base_name(file_name);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  return lower(name.substr(dot));
}

}  // namespace

const Recipe* recipe_of_interpreter(std::string_view interpreter) {
  const auto matches = [](std::string_view wanted) -> const Recipe* {
    for (const auto& recipe : recipes()) {
      if (holds(recipe.interpreters, wanted)) return &recipe;
    }
    return nullptr;
  };
  if (const auto* recipe = matches(interpreter)) return recipe;
  const auto version = interpreter.find_last_not_of("0123456789.-");  // python3.11, node-20
  if (version == std::string_view::npos || version + 1 == interpreter.size()) return nullptr;
  return matches(interpreter.substr(0, version + 1));
}

namespace {

std::string listed() {
  std::string list;
  for (const auto& recipe : recipes()) {
    if (!list.empty()) list += ", ";
    list += recipe.id + " (";
    for (const auto& extension : recipe.extensions)
      list += (extension == recipe.extensions.front() ? "" : " ") + extension;
    list += ')';
  }
  return list;
}

// For messages: one line of bounded length, whatever the name contains.
std::string on_one_line(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

}  // namespace

Result<const Recipe*> detect(std::optional<std::string_view> language, std::string_view file_name,
                             std::string_view text, Terms terms) {
  if (language && !language->empty()) {
    if (const auto* recipe = find_recipe(*language)) return recipe;
    return fail(ErrorCode::unsupported_language,
                "There is no recipe for the language \"" + on_one_line(*language) + "\". Languages: " + listed() + '.');
  }
  const auto extension = file_extension(file_name);
  if (!extension.empty()) {
    for (const auto& recipe : recipes()) {
      if (holds(recipe.extensions, extension)) return &recipe;
    }
  }
  const auto line = parse_shebang(text);
  const auto interpreter = line ? line->name() : std::string_view();
  if (!interpreter.empty()) {
    if (const auto* recipe = recipe_of_interpreter(interpreter)) return recipe;
  }
  const auto name = base_name(file_name);
  if (name.empty() && interpreter.empty())
    return fail(
        ErrorCode::unsupported_language,
        "The program has no language, no file name and no #! line. Name one of the languages: " + listed() + '.');
  if (is_dockerfile_name(name))
    return fail(
        ErrorCode::unsupported_language,
        on_one_line(name) + " is a Dockerfile, which is built, not run: " +
            in_terms(terms, {.fields = "give its text as \"dockerfile\"",
                             .flags = "give it with --dockerfile, or run its folder (--workspace DIR)",
                             .settings = "run its folder (Run Workspace in DinD), where its name must be Dockerfile"}) +
            ". Or name one of the languages: " + listed() + '.');
  std::string seen = name.empty() ? "The language of the program is not known"
                                  : "The language of " + on_one_line(name) + " is not known";
  seen += extension.empty() ? " (it has no extension" : " (no recipe has the extension " + on_one_line(extension);
  seen += interpreter.empty() ? " and no #! line)"
                              : " and no recipe has the interpreter " + on_one_line(interpreter) + " of its #! line)";
  return fail(ErrorCode::unsupported_language, seen + ". Name one of the languages: " + listed() + '.');
}

}  // namespace dind::languages
