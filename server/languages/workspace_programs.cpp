#include "languages/workspace_programs.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "domain/terms.hpp"
#include "languages/recipe.hpp"
#include "languages/workspace_table.hpp"
#include "support/io/folder.hpp"
#include "support/text/dockerfile_name.hpp"
#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/requirements.hpp"
#include "support/text/shebang.hpp"
#include "support/text/shortened.hpp"

namespace dind::languages {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxNames = 1000;  // of the folder, when a row searches its subfolders
constexpr std::size_t kMaxPrograms = 32;
constexpr std::size_t kMaxDetailLength = 120;

std::string why(Folder::Problem problem) {
  switch (problem) {
    case Folder::Problem::outside:
      return "is a link that leads out of the folder";
    case Folder::Problem::no_file:
      return "is not a regular file";
    case Folder::Problem::too_large:
      return "is larger than 1 MiB";
    case Folder::Problem::unreadable:
      return "can't be read (" + std::generic_category().message(errno) + ")";
    case Folder::Problem::none:
    case Folder::Problem::missing:
      break;
  }
  return "does not exist";
}

std::string with_folder(std::string text, const std::string& folder) {
  constexpr std::string_view kHole = "{folder}";
  if (const auto at = text.find(kHole); at != std::string::npos) text.replace(at, kHole.size(), folder);
  return text;
}

const json* value_at(const json& root, const std::vector<std::string>& path) {
  const json* at = &root;
  for (const auto& name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// Reads the dependencies that `file` in the folder names, and those of files that it includes. Nothing if it is
// missing.
void read_packages(const Folder& folder, const std::string& file, WorkspaceProgram& program) {
  if (file.empty()) return;
  std::string ignored;
  const auto there = folder.read(file, kMaxFileBytes, ignored);
  if (there == Folder::Problem::missing) return;
  if (there != Folder::Problem::none) {
    program.notes.push_back(file + " " + why(there) + ", so its packages are not installed");
    return;
  }
  const auto read = [&](const std::string& path) -> Result<std::string> {
    std::string text;
    const auto problem = folder.read(path, kMaxFileBytes, text);
    if (problem == Folder::Problem::none) return text;
    return fail(ErrorCode::invalid_request, shortened(escaped(path), 200) + " " + why(problem) +
                                                "; its packages are needed: put it into the folder");
  };
  auto found = read_requirements(file, read);
  if (!found) {
    program.refusal = std::move(found.error());
    return;
  }
  program.dependencies = std::move(found->lines);
  program.constraints = std::move(found->constraints);
}

// Whether the JSON names dependencies that are not installed in the folder.
bool needs_packages(const WorkspaceRow& row, const json& root, const Folder& folder) {
  if (row.installed.folder.empty() || folder.look(row.installed.folder)) return false;
  return std::ranges::any_of(row.installed.json_objects, [&](const std::string& name) {
    const json* needs = value_at(root, {name});
    return needs != nullptr && needs->is_object() && !needs->empty();
  });
}

// The same for a command in the folder, if the row's file can be read.
void note_missing_packages(const WorkspaceRow& row, const Folder& folder, WorkspaceProgram& program) {
  if (row.installed.folder.empty()) return;
  std::string text;
  if (folder.read(row.files.front(), kMaxFileBytes, text) != Folder::Problem::none) return;
  const auto root = json::parse(text, nullptr, false);
  if (root.is_object() && needs_packages(row, root, folder)) program.notes.push_back(row.installed.missing);
}

class Search {
 public:
  Search(const Folder& folder, Terms terms) : folder_(folder), terms_(terms) {}

  void row(const WorkspaceRow& row) {
    if (!row.subfolders) {
      in(row, folder_, "");
      return;
    }
    for (const auto& name : names()) {
      // Only names that `python -m` accepts, no options.
      if (name.starts_with('.') || name.starts_with('-') || name.contains(' ') || escaped(name) != name) continue;
      const auto status = folder_.look(name);
      if (!status || !S_ISDIR(status->st_mode)) continue;
      if (const auto below = folder_.below(name)) in(row, *below, name);
    }
  }
  // A Dockerfile with another name than the usual one (`Dockerfile.dev`), if there is no usual one.
  void other_dockerfiles() {
    const auto is_there = [&](const std::string& name) { return folder_.look(name).has_value(); };
    const auto has_its_own = [&](const WorkspaceRow& row) {
      return row.build && std::ranges::any_of(row.files, is_there);
    };
    if (std::ranges::any_of(workspace_table(), has_its_own)) return;
    for (const auto& name : names()) {
      const auto status = is_dockerfile_name(name) ? folder_.look(name) : std::nullopt;
      if (!status || !S_ISREG(status->st_mode)) continue;
      note(shortened(escaped(name), kMaxDetailLength) + " is a Dockerfile, but is not called Dockerfile: " +
           in_terms(terms_, {.fields = "give its text as \"dockerfile\"",
                             .flags = "build and run it with --workspace DIR --dockerfile " +
                                      shell_word((name.starts_with('-') ? "./" : "") + name),
                             .settings = "give it that name, and run the folder again"}));
      return;
    }
  }
  WorkspacePrograms take() { return std::move(found_); }

 private:
  const std::vector<std::string>& names() {
    if (!names_) names_ = folder_.names(kMaxNames).value_or(std::vector<std::string>{});
    return *names_;
  }

  void in(const WorkspaceRow& row, const Folder& folder, const std::string& name) {
    if (found_.programs.size() == kMaxPrograms) return;
    for (const auto& file : row.files) {
      std::string text;
      const std::string shown = name.empty() ? file : name + "/" + file;
      const auto problem = folder.read(file, kMaxFileBytes, text);
      if (problem == Folder::Problem::missing) continue;
      if (problem != Folder::Problem::none)
        note(shown + " " + why(problem) + ", so it is ignored");
      else
        add(row, name, shown, std::move(text));
      return;
    }
  }

  void add(const WorkspaceRow& row, const std::string& name, const std::string& source, std::string text) {
    WorkspaceProgram program{.id = name.empty() ? row.id : row.id + ":" + name,
                             .label = with_folder(row.label, name),
                             .source = source,
                             .detail = {},
                             .build = row.build,
                             .extra = row.extra,
                             .dockerfile = {},
                             .language = row.language,
                             .images = row.images,
                             .command = {},
                             .env = row.env,
                             .dependencies = {},
                             .constraints = {},
                             .refusal = {},
                             .notes = {}};
    for (const auto& part : row.command) program.command.push_back(with_folder(part, name));
    if (!row.json_text.empty() && !json_says(row, source, text, program)) return;
    if (row.build) program.dockerfile = std::move(text);
    add_requirements(row, program);
    found_.programs.push_back(std::move(program));
  }

  bool json_says(const WorkspaceRow& row, const std::string& source, const std::string& text,
                 WorkspaceProgram& program) {
    const auto root = json::parse(text, nullptr, false);
    if (!root.is_object()) {
      note(source + (root.is_discarded() ? " is not valid JSON" : " is not a JSON object") + ", so it is ignored");
      return false;
    }
    const json* says = value_at(root, row.json_text);
    if (says == nullptr || !says->is_string() || says->get_ref<const std::string&>().empty()) return false;
    program.detail = shortened(escaped(says->get_ref<const std::string&>()), kMaxDetailLength);
    if (needs_packages(row, root, folder_)) program.notes.push_back(row.installed.missing);
    return true;
  }

  // Adds it once, however many rows look at the file.
  void note(std::string text) {
    if (std::ranges::find(found_.notes, text) == found_.notes.end()) found_.notes.push_back(std::move(text));
  }

  void add_requirements(const WorkspaceRow& row, WorkspaceProgram& program) {
    read_packages(folder_, row.dependencies, program);
    if (program.refusal) program.notes.push_back(program.refusal->message);
  }

  const Folder& folder_;
  const Terms terms_;
  std::optional<std::vector<std::string>> names_;
  WorkspacePrograms found_;
};

// "python" of "python3.11" and "/usr/bin/python3"; empty: no recipe has this interpreter.
std::string language_of_interpreter(const std::string& word) {
  if (word.empty() || word.contains('\n')) return "";
  const auto recipe = detect(std::nullopt, "", "#!" + word + "\n");
  return recipe ? (*recipe)->id : "";
}

// The language of a script in the folder, by its `#!` line; empty: not a script, or no recipe has its interpreter.
std::string language_of_file(const Folder& folder, const std::string& word) {
  std::string text;
  if (!word.contains('/') || folder.read(word, kMaxFileBytes, text) != Folder::Problem::none) return "";
  const auto line = parse_shebang(text);
  const auto* recipe = line ? recipe_of_interpreter(line->name()) : nullptr;
  return recipe == nullptr ? "" : recipe->id;
}

// The row whose command has this name, else a row with a program in the folder. nullptr: none.
const WorkspaceRow* row_for(std::string_view first_word, const WorkspacePrograms& there) {
  for (const auto& row : workspace_table())
    if (!row.build && row.command.front() == first_word) return &row;
  const auto has = [&](const WorkspaceProgram& program, const WorkspaceRow& row) {
    return program.id == row.id || program.id.starts_with(row.id + ":");
  };
  for (const auto& program : there.programs)
    for (const auto& row : workspace_table())
      if (!row.build && has(program, row)) return &row;
  return nullptr;
}

}  // namespace

Result<WorkspacePrograms> find_workspace_programs(const std::string& path, Terms terms) {
  const auto folder = Folder::open(path);
  if (!folder)
    return fail(ErrorCode::not_found, "The folder " + shortened(escaped(path), 200) + " can't be read (" +
                                          std::generic_category().message(errno) + "); check its path");
  Search search(*folder, terms);
  for (const auto& row : workspace_table()) search.row(row);
  search.other_dockerfiles();
  return search.take();
}

WorkspaceProgram program_for_command(const std::string& path, const std::vector<std::string>& words) {
  WorkspaceProgram program;
  const auto there = find_workspace_programs(path).value_or(WorkspacePrograms{});
  const auto folder = Folder::open(path);
  // `cd sub && make`: the command comes after it.
  const auto first = words.size() > 2 && words.front() == "cd" ? words.begin() + 2 : words.begin();
  const auto word = first == words.end() ? std::string() : *first;
  const auto name = word.substr(word.find_last_of('/') + 1);
  const auto of_file = folder ? language_of_file(*folder, word) : std::string();
  const auto* tool = recipe_of_tool(name);
  if (const auto language = language_of_interpreter(name); !language.empty())
    program.language = language;
  else if (!of_file.empty())
    program.language = of_file;
  else if (tool != nullptr)
    program.language = tool->id;
  else if (const auto* row = row_for(name, there)) {
    program.language = row->language;
    program.images = row->images;
  } else {
    program.language = "shell";
  }
  for (const auto& row : workspace_table()) {
    if (row.language != program.language || row.language.empty()) continue;
    program.env = row.env;
    const bool of_language = tool != nullptr && tool->id == row.language;
    const auto runs_it = [&](const std::string& each) { return language_of_interpreter(each) == program.language; };
    const bool names_it = of_file == row.language || std::ranges::any_of(words, runs_it);
    if (folder && (names_it || of_language)) note_missing_packages(row, *folder, program);
    if (folder && names_it) read_packages(*folder, row.dependencies, program);
    break;
  }
  return program;
}

}  // namespace dind::languages
