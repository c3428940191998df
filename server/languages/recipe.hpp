// How a language runs: one recipe for each language, from languages/*.json (embedded in the program at build time).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind::languages {

// How dependencies of a language are installed into a folder, and how a program finds them there. "{dependencies}" is
// that folder, "{start}" the folder of the start file.
struct InstallerRecipe {
  std::vector<std::string> command;                      // argv; the dependencies follow it
  std::vector<std::pair<std::string, std::string>> env;  // the program's; appended to the caller's value with ":"
  // A file that the interpreter reads when it starts, in a separate folder. Without a name: no such file.
  std::string start_name;
  std::string start_text;
  // The options that name a file of dependencies and a file of version bounds ("-r", "-c"); empty: not supported.
  std::string list_option;
  std::string constraints_option;
};

struct Recipe {
  std::string id;                         // "python"
  std::string name;                       // "Python"
  std::vector<std::string> aliases;       // "py", "python3": names that a person may type, including LSP language ids
  std::vector<std::string> extensions;    // ".py"
  std::vector<std::string> interpreters;  // names in a `#!` line: "python3", "python"
  // True: each interpreter is a program of its own (bash, sh), and the named one runs. False: `command` runs for all.
  bool interpreters_differ = false;
  // Interpreters of the same language that the recipe's image lacks. If `command` runs instead of one of them, it gets
  // the options of the line, provided that all are letters of `similar_options`, which mean the same to both.
  std::vector<std::string> similar;
  std::string similar_options;
  std::vector<std::string> tools;  // commands that come with the language or its packages: "pip", "pytest"
  // In order of preference: the first that the engine has. If it has none of them, it pulls the first.
  std::vector<std::string> images;
  std::vector<std::string> command;  // argv; "{file}" is the program's path in the sandbox; arguments follow it
  std::string default_file;          // "main.py": the name of a snippet without a name
  std::vector<std::pair<std::string, std::string>> env;  // PYTHONUNBUFFERED=1 …
  std::optional<InstallerRecipe> packages;
};

// All recipes, ordered by id. Parsed once. A broken embedded recipe is a bug; the first call throws.
std::span<const Recipe> recipes();

// Parses one recipe file. Errors (invalid_request) name the field.
Result<Recipe> parse_recipe(std::string_view json);

// Finds a recipe by id or alias, case-insensitive. nullptr: not found.
const Recipe* find_recipe(std::string_view id_or_alias);

// The recipe that has the command among its tools: "npx". nullptr: none.
const Recipe* recipe_of_tool(std::string_view command);

// The recipe to which a `#!` line's interpreter belongs: "python3", also "python3.11". nullptr: none.
const Recipe* recipe_of_interpreter(std::string_view name);

// By `language` if given, else by the extension, else by the `#!` line of `text`. Error unsupported_language says what
// was checked and lists the languages. For a Dockerfile it says what to do with it, in the client's terms.
Result<const Recipe*> detect(std::optional<std::string_view> language, std::string_view file_name,
                             std::string_view text, Terms terms = Terms::fields);

}  // namespace dind::languages
