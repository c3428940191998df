// How a language runs: one recipe a language, read from languages/*.json (embedded in the program at build time).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind::languages {

// How a language's packages get into a folder, and what makes a program find them there. "{packages}" is that folder,
// "{start}" the one that holds the start file.
struct InstallerRecipe {
  std::vector<std::string> command;                      // argv; the packages follow it
  std::vector<std::pair<std::string, std::string>> env;  // the program's; put behind what a caller has there, with ":"
  // A file that the interpreter reads at its start, in a folder of its own; without a name: none.
  std::string start_name;
  std::string start_text;
  // The options that name a file of packages and one of bounds on versions ("-r", "-c"); empty: it takes none.
  std::string list_option;
  std::string constraints_option;
};

struct Recipe {
  std::string id;                         // "python"
  std::string name;                       // "Python"
  std::vector<std::string> aliases;       // "py", "python3": what a person may type; LSP language ids among them
  std::vector<std::string> extensions;    // ".py"
  std::vector<std::string> interpreters;  // what a `#!` line may name: "python3", "python"
  // Each of them is a program of its own (bash, sh), and the one that is named runs; else `command` runs for all.
  bool interpreters_differ = false;
  // Interpreters of the same language that the recipe's image lacks. Where `command` stands in for one of them, it gets
  // the line's options if all of them are letters of `similar_options`, which mean the same to both.
  std::vector<std::string> similar;
  std::string similar_options;
  std::vector<std::string> tools;    // commands that come with the language or with its packages: "pip", "pytest"
  std::vector<std::string> images;   // in order of preference; the first that the engine has, else the first is pulled
  std::vector<std::string> command;  // argv; "{file}" is the program's path in the sandbox; arguments follow it
  std::string default_file;          // "main.py": the name of a snippet that has none
  std::vector<std::pair<std::string, std::string>> env;  // PYTHONUNBUFFERED=1 …
  std::optional<InstallerRecipe> packages;
};

// All recipes, ordered by id. Parsed once; a broken embedded recipe is a bug and throws at the first call.
std::span<const Recipe> recipes();

// Parses one recipe file. Errors (invalid_request) name the field.
Result<Recipe> parse_recipe(std::string_view json);

// By id or alias, case-insensitive. nullptr: none.
const Recipe* find_recipe(std::string_view id_or_alias);

// The recipe whose tool a command is: "npx". nullptr: none.
const Recipe* recipe_of_tool(std::string_view command);

// The recipe that a `#!` line's interpreter belongs to: "python3", and also "python3.11". nullptr: none.
const Recipe* recipe_of_interpreter(std::string_view name);

// By `language` where given, else by the extension, else by the `#!` line of `text`. Error unsupported_language says
// what was looked at and lists the languages, and of a Dockerfile what to do with it, in the asker's terms.
Result<const Recipe*> detect(std::optional<std::string_view> language, std::string_view file_name,
                             std::string_view text, Terms terms = Terms::fields);

}  // namespace dind::languages
