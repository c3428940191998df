#include "services/runs/missing_parts.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <system_error>

#include "domain/terms.hpp"
#include "languages/python_tools.hpp"
#include "services/runs/hint_lines.hpp"
#include "support/io/folder.hpp"
#include "support/text/escaped.hpp"
#include "support/text/lower.hpp"
#include "support/text/quoted.hpp"
#include "support/text/requirement.hpp"
#include "support/text/requirements.hpp"
#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLastLines = 40;  // an error is near the end of the output; Node writes 17 lines after it
constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxFolderPathLength = 400;

std::string shown_part(std::string_view text) { return shortened(escaped(text), 120); }

const SourceProgram* source_of(const Ending& ending) { return std::get_if<SourceProgram>(&ending.spec.program); }

bool exists(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  return !folder.empty() && !name.empty() && fs::exists(fs::path(folder) / name, ignored);
}

// The remedy for a program that ran without the files beside it: run it as a command in its folder.
std::string run_the_folder(const Ending& ending, const SourceProgram& source) {
  const std::string_view command = ending.language == "python"       ? "python3"
                                   : ending.language == "javascript" ? "node"
                                                                     : "bash";
  return "the program ran by itself, without the files of its folder; run the folder: " +
         folder_run_in_terms(ending.spec.terms, shell_word(ending.folder, kMaxFolderPathLength),
                             std::string(command) + " " + command_word(source.file_name));
}

// The form in which pip compares names: "my-package" for "My_Package".
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) plain += c == '_' || c == '.' ? '-' : lower(c);
  return plain;
}

std::string_view package_name(std::string_view requirement) {
  return requirement.substr(0, requirement.find_first_of(" [<>=!~;@("));
}

bool names_package(const std::vector<std::string>& lines, const std::string& package) {
  return std::ranges::any_of(lines,
                             [&](const auto& line) { return plain_name(package_name(line)) == plain_name(package); });
}

// Whether the requirements.txt of the folder names the package.
bool listed_beside(const std::string& folder, const std::string& package) {
  const auto opened = folder.empty() ? std::nullopt : Folder::open(folder);
  if (!opened) return false;
  const auto found = read_requirements("requirements.txt", [&](const std::string& path) -> Result<std::string> {
    std::string text;
    if (opened->read(path, kMaxFileBytes, text) == Folder::Problem::none) return text;
    return fail(ErrorCode::not_found, "");
  });
  return found && names_package(found->lines, package);
}

// The lines of a script's own metadata (PEP 723), without the "# " before each. Empty: the script has none.
std::vector<std::string_view> inline_metadata(std::string_view text) {
  std::vector<std::string_view> block;
  bool inside = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!inside) {
      inside = line == "# /// script";
      continue;
    }
    if (line == "# ///") return block;
    if (line != "#" && !line.starts_with("# ")) return {};  // the block is not closed
    block.push_back(line.substr(std::min<std::size_t>(2, line.size())));
  }
  return {};
}

// A line of TOML without the comment at its end.
std::string_view without_toml_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == '"' && c == '\\')
      ++at;
    else if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '#')
      return line.substr(0, at);
  }
  return line;
}

// The dependencies of a script's own list (PEP 723) that a run can install.
std::vector<std::string> inline_requirements(std::string_view text) {
  std::string list;
  bool inside = false;
  for (const auto line : inline_metadata(text)) {
    const auto toml = without_toml_comment(line);
    constexpr std::string_view kKey = "dependencies";
    const bool begins = toml.starts_with(kKey) && left_trimmed(toml.substr(kKey.size())).starts_with('=');
    inside = inside || begins;
    if (!inside) continue;
    list += (list.empty() ? toml.substr(std::min(toml.find('['), toml.size())) : toml);
    if (std::ranges::count(list, '[') <= std::ranges::count(list, ']') && list.contains(']')) break;
  }
  std::vector<std::string> packages;
  std::size_t bytes = 0;  // in the hint
  for (std::size_t at = 0; at < list.size() && bytes < 400;) {
    const auto quote = list.find_first_of("\"'", at);
    const auto end = quote == std::string::npos ? quote : list.find(list[quote], quote + 1);
    if (end == std::string::npos) break;
    at = end + 1;
    const auto package = std::string_view(list).substr(quote + 1, end - quote - 1);
    // A tool would read a word that begins with a dash as an option.
    if (package.starts_with('-') || !checked_requirement(package)) continue;
    packages.push_back(shown_part(package));
    bytes += packages.back().size();
  }
  return packages;
}

// The package for a module of Google: "google-cloud-storage" for "from google.cloud import storage". Google's packages
// share one module, so only the program's text shows which one it needs. Empty: it does not show this.
std::string google_package(std::string_view text) {
  constexpr std::string_view kIdentifier = "abcdefghijklmnopqrstuvwxyz0123456789_";
  for (const std::string_view before : {"google.cloud import ", "google.cloud.", "google."}) {
    const auto at = text.find(before);
    if (at == std::string_view::npos) continue;
    const auto rest = text.substr(at + before.size());
    const auto name = rest.substr(0, std::min(rest.find_first_not_of(kIdentifier), rest.size()));
    if (name.empty()) continue;
    return plain_name(std::string(before.starts_with("google.cloud") ? "google-cloud-" : "google-") +
                      std::string(name));
  }
  return {};
}

bool is_module_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-' || c >= 0x80;
  });
}

// The dependencies in the program's own list, if the run did not install all of them. The package of the missing module
// is added if its name is known and not in the list. Empty: all are installed, or the program has no list.
std::vector<std::string> own_list(const SourceProgram& source, const RunSpec& spec, const std::string& module,
                                  const std::string& package) {
  auto own = inline_requirements(source.text);
  if (std::ranges::all_of(
          own, [&](const auto& each) { return names_package(spec.dependencies, std::string(package_name(each))); }))
    return {};
  const bool listed = std::ranges::any_of(own, [&](const auto& each) {
    const auto name = plain_name(package_name(each));
    return name.starts_with(plain_name(package)) || plain_name(package).starts_with(name);
  });
  if (package != module && !listed) own.push_back(package);
  return own;
}

// Whether this kind of run may name dependencies: a command without a language has no installer.
bool can_have_dependencies(const RunSpec& spec) {
  const auto* command = std::get_if<CommandProgram>(&spec.program);
  return std::holds_alternative<SourceProgram>(spec.program) || (command != nullptr && command->language);
}

// The missing module in the last line that names one: a line of an exception, or of `python3 -m NAME`.
std::optional<std::string> python_module(std::string_view err) {
  const auto lines = last_lines(err, kLastLines);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const bool exception = line->contains("ModuleNotFoundError: ") || line->contains("ImportError: No module named ");
    const auto quoted = exception ? between(*line, "No module named '", "'") : std::nullopt;
    if (quoted && is_module_name(*quoted)) return std::string(*quoted);
    constexpr std::string_view kOfMain = ": No module named ";
    const auto at = line->find(kOfMain);
    if (at == std::string_view::npos || !line->substr(0, at).contains("python")) continue;
    const auto name = line->substr(at + kOfMain.size());
    if (line->starts_with('/') && is_module_name(name)) return std::string(name);
  }
  return std::nullopt;
}

}  // namespace

std::string missing_python_module(const Ending& ending) {
  const auto* source = source_of(ending);
  const auto last = last_lines(ending.err, 3);
  if (source != nullptr && !ending.folder.empty() && !last.empty() &&
      last.back().starts_with("ImportError: attempted relative import"))
    return "a relative import needs the package of the file: run it from the folder above: " +
           folder_run_in_terms(ending.spec.terms, "DIR",
                               "python3 -m PACKAGE." + shown_part(fs::path(source->file_name).stem().string()));
  const auto whole = python_module(ending.err);
  if (!whole) return {};
  const std::string module = whole->substr(0, whole->find('.'));
  if (source != nullptr && (exists(ending.folder, module + ".py") || exists(ending.folder, module)))
    return "\"" + shown_part(module) + "\" is beside the program: " + run_the_folder(ending, *source);
  if (source == nullptr) {
    for (const std::string place : {"", "src/", "lib/"})
      if (exists(ending.folder, place + module + ".py") || exists(ending.folder, place + module))
        return "\"" + shown_part(module) + "\" is in the folder, and not where Python looks: " +
               variables_in_terms(
                   ending.spec.terms,
                   {{"PYTHONPATH",
                     (ending.spec.working_dir.empty() ? kWorkspaceMount : shown_part(ending.spec.working_dir)) +
                         (place.empty() ? "" : "/" + place.substr(0, 3))}});
  }
  if (module == "tkinter" || module == "_tkinter")
    return "the image has no Tk, and a sandbox has no display: write what the program shows to a file";
  if (module == "winreg" || module == "msvcrt" || module == "winsound" || module == "_winapi")
    return "the module \"" + module + "\" is a part of Python only on Windows";
  auto package = languages::python_package(module);
  if (module == "google" && source != nullptr)
    if (auto named = google_package(source->text); !named.empty()) package = std::move(named);
  if (source != nullptr)
    if (const auto own = own_list(*source, ending.spec, module, package); !own.empty())
      return "the list of packages in the program (# /// script) is not read by a run; install them first: " +
             packages_in_terms(ending.spec.terms, own);
  if (listed_beside(ending.folder, package))
    return source != nullptr
               ? "requirements.txt beside the program names " + shown_part(package) + "; install it first: " +
                     in_terms(ending.spec.terms,
                              {.fields = "\"dependencies\"",
                               .flags = "--with-requirements " +
                                        shell_word(ending.folder + "/requirements.txt", kMaxFolderPathLength),
                               .settings = "run the whole folder, which reads it"})
               : "requirements.txt names " + shown_part(package) +
                     "; a command installs it first if one of its words is the interpreter: python3 -m NAME";
  const std::string missing =
      "there is no module \"" + shown_part(module) + "\" in the image " + shown_part(ending.result.image);
  if (!can_have_dependencies(ending.spec))
    return missing + ": choose an image that has it " + image_remedy(ending.spec.terms);
  return missing + "; if a package provides it, install that first: " +
         packages_in_terms(ending.spec.terms, {shown_part(package)});
}

std::string missing_node_module(const Ending& ending) {
  const auto* source = source_of(ending);
  const auto lines = last_lines(ending.err, 40);
  for (const auto line : lines) {
    if (line.contains("Cannot use import statement outside a module") || line.contains("Unexpected token 'export'"))
      return "the program uses import: name it .mjs, or run its folder with \"type\": \"module\" in package.json: " +
             folder_run_in_terms(ending.spec.terms, "DIR", "node FILE");
    if (line.contains("require is not defined in ES module scope"))
      return "the program uses require in a module: name it .cjs, or use import";
    auto name = line.contains("Error") ? between(line, "Cannot find module '", "'") : std::nullopt;
    if (!name && line.contains("Error")) name = between(line, "Cannot find package '", "'");
    if (!name || name->empty() || name->starts_with("node:")) continue;
    std::string path(*name);
    constexpr std::string_view kRunFolder = "/sandbox/";
    const bool is_file = path.starts_with('.') || path.starts_with('/');
    if (path.starts_with(kRunFolder)) path = path.substr(kRunFolder.size());
    if (is_file) {
      if (source == nullptr || path.starts_with('/')) return {};
      for (const char* ending_of : {"", ".js", ".cjs", ".mjs", ".json"})
        if (exists(ending.folder, path + ending_of))
          return "\"" + shown_part(path) + "\" is beside the program: " + run_the_folder(ending, *source);
      return {};
    }
    auto end = path.find('/');
    if (path.starts_with('@') && end != std::string::npos) end = path.find('/', end + 1);
    const std::string package = path.substr(0, end);
    if (source != nullptr && exists(ending.folder, "node_modules/" + package))
      return "\"" + shown_part(package) +
             "\" is in node_modules beside the program: " + run_the_folder(ending, *source);
    return "there is no package \"" + shown_part(package) +
           "\"; a run does not install packages of npm: run npm install in the folder first, and then the folder: " +
           folder_run_in_terms(ending.spec.terms, "DIR", "node FILE");
  }
  return {};
}

std::string missing_neighbour(const Ending& ending) {
  const auto* source = source_of(ending);
  if (source == nullptr || ending.folder.empty()) return {};
  for (const auto line : last_lines(ending.err, kLastLines)) {
    const bool lacks = line.contains("No such file or directory") || line.contains("no such file or directory") ||
                       line.contains("cannot open ") || line.contains("can't open file");
    if (!lacks) continue;
    std::string name;
    if (const auto quoted = between(line, "directory: '", "'")) name = *quoted;
    for (const char* before : {"open '", "open file '"})
      if (const auto opened = between(line, before, "'"); name.empty() && opened) name = *opened;
    if (name.empty()) {  // "app.sh: line 1: ./lib.sh: No such file or directory"
      const auto end = line.find(": No such file");
      if (end == std::string_view::npos) continue;
      const auto begin = line.substr(0, end).rfind(": ");
      name = line.substr(begin == std::string_view::npos ? 0 : begin + 2,
                         end - (begin == std::string_view::npos ? 0 : begin + 2));
    }
    constexpr std::string_view kOpening = "cannot open ";  // dash
    if (name.starts_with(kOpening)) name = name.substr(kOpening.size());
    if (name.starts_with("/sandbox/")) name = name.substr(9);
    if (name.starts_with("./")) name = name.substr(2);
    name = fs::path(name).lexically_normal().string();
    // A run of the folder does not have the files above it.
    const bool outside = name.starts_with('/') || name == ".." || name.starts_with("../");
    if (name.empty() || outside || name == source->file_name || !exists(ending.folder, name)) continue;
    return "\"" + shown_part(name) + "\" is beside the program: " + run_the_folder(ending, *source);
  }
  return {};
}

}  // namespace dind
