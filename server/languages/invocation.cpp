#include "languages/invocation.hpp"

#include <algorithm>
#include <array>

#include "domain/terms.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shebang.hpp"
#include "support/text/shortened.hpp"

namespace dind::languages {
namespace {

constexpr std::string_view kFile = "{file}";
constexpr std::size_t kMaxShownLength = 120;

std::string shown(std::string_view text) { return shortened(escaped(text), kMaxShownLength); }

// Whether an interpreter is in a folder where images have them. The image's PATH then finds it by its name.
bool is_usual_folder(std::string_view path) {
  constexpr std::array<std::string_view, 3> kFolders{"/bin/", "/usr/bin/", "/usr/local/bin/"};
  const auto folder = path.substr(0, path.find_last_of('/') + 1);
  return folder.empty() || std::ranges::find(kFolders, folder) != kFolders.end();
}

// The note for a program that runs with another interpreter than the line names.
std::string replaced(std::string_view named, const std::string& runs, const std::string& remedy) {
  return "its #! line names " + shown(named) + "; " + runs + " of the image runs it" + remedy;
}

// The interpreter that runs, and the note if it is not the one that the line names.
struct Choice {
  std::string runs;
  bool takes_arguments = true;
  std::string note;
};

// Whether each option of the line means the same to the interpreter that runs instead of the named one.
bool has_similar_options(const Recipe& recipe, const Shebang& line, std::string_view name) {
  return line.problem.empty() && std::ranges::find(recipe.similar, name) != recipe.similar.end() &&
         std::ranges::all_of(line.arguments, [&](std::string_view option) {
           return option.size() > 1 && option.front() == '-' &&
                  option.substr(1).find_first_not_of(recipe.similar_options) == std::string_view::npos;
         });
}

Choice choose(const Recipe& recipe, const Shebang& line, Terms terms, bool own_image) {
  // Of no use to a caller who has chosen the image.
  const auto other_image = [terms, own_image] {
    if (own_image) return std::string();
    return "; another image may have it (" +
           in_terms(terms, {.fields = "\"image\"", .flags = "--image", .settings = "the setting dind.images"}) + ")";
  };
  const auto other_language = [terms](const std::string& id) {
    return in_terms(terms, {.fields = "\"language\": \"" + id + "\" overrides it",
                            .flags = "--language " + id + " overrides it",
                            .settings = "the file's name, or the language mode of the editor, overrides it"});
  };
  const std::string usual = recipe.command.front();
  const std::string name(line.name());
  const auto* belongs_to = recipe_of_interpreter(name);
  const bool known = std::ranges::find(recipe.interpreters, name) != recipe.interpreters.end();
  // The image may well have another shell, and what differs between shells is hard to see in the output.
  if (own_image && recipe.interpreters_differ && belongs_to == nullptr && !name.empty())
    return {.runs = is_usual_folder(line.interpreter) ? name : line.interpreter};
  if (belongs_to == nullptr && has_similar_options(recipe, line, name))
    return {.runs = usual, .note = replaced(line.interpreter, usual, other_image())};
  if (belongs_to != &recipe)
    return {
        .runs = usual,
        .takes_arguments = false,
        .note = replaced(line.interpreter, usual,
                         belongs_to == nullptr ? ", without the line's options" + other_image()
                                               : ", without the line's options; " + other_language(belongs_to->id))};
  if (!known) return {.runs = usual, .note = replaced(line.interpreter, usual, other_image())};
  const std::string runs = recipe.interpreters_differ ? name : usual;
  return {.runs = runs, .note = is_usual_folder(line.interpreter) ? "" : replaced(line.interpreter, runs, "")};
}

void honour(const Shebang& line, Terms terms, bool own_image, Invocation& invocation) {
  if (line.interpreter.empty()) return;
  // A recipe that does more than start an interpreter cannot take an interpreter's arguments.
  auto& command = invocation.command;
  if (command.size() != 2 || command.back() != kFile) return;
  Choice choice = choose(*invocation.recipe, line, terms, own_image);
  if (!choice.note.empty()) invocation.notes.push_back(std::move(choice.note));
  if (!line.problem.empty()) invocation.notes.push_back("its #! line does not work as it is: " + shown(line.problem));
  if (!choice.takes_arguments) return;
  if (line.verbatim) {
    command = {"env", line.argument, std::string(kFile)};
    return;
  }
  command.clear();
  if (!line.env.empty()) {
    command.emplace_back("env");
    command.insert(command.end(), line.env.begin(), line.env.end());
  }
  command.push_back(std::move(choice.runs));
  command.insert(command.end(), line.arguments.begin(), line.arguments.end());
  command.emplace_back(kFile);
}

}  // namespace

Result<Invocation> plan_invocation(std::optional<std::string_view> language, std::string_view file_name,
                                   std::string_view text, Terms terms, bool own_image) {
  const auto recipe = detect(language, file_name, text, terms);
  if (!recipe) return std::unexpected(recipe.error());
  Invocation invocation{.recipe = *recipe, .command = (*recipe)->command, .notes = {}};
  if (const auto line = parse_shebang(text)) honour(*line, terms, own_image, invocation);
  return invocation;
}

}  // namespace dind::languages
