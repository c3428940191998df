#include "services/folder_runs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "languages/workspace_programs.hpp"
#include "support/escaped.hpp"
#include "support/shortened.hpp"

namespace dind {
namespace {

namespace fs = std::filesystem;

std::string shown(const std::string& path) { return shortened(escaped(path), 200); }

std::optional<std::string> without_links(const std::string& path) {
  std::error_code problem;
  const auto real = fs::canonical(path, problem);
  if (problem) return std::nullopt;
  return real.string();
}

// "a/b" of "/w/a/b" in "/w", "" of "/w" itself; nullopt: it is not in there.
std::optional<std::string> place_in(const std::string& root, const std::string& path) {
  if (path == root || root == "/") return path == root ? std::string() : path.substr(1);
  if (!path.starts_with(root + "/")) return std::nullopt;
  return path.substr(root.size() + 1);
}

bool holds_a_home(const std::string& folder) {
  const char* home = std::getenv("HOME");
  const auto real = home == nullptr || *home == '\0' ? std::nullopt : without_links(home);
  return folder == "/" || (real && place_in(folder, *real).has_value());
}

// Those of a line of the shell, as far as they tell a program's name: its quotes and brackets separate words too.
std::vector<std::string> words_of(const Command& command) {
  constexpr std::string_view kBetween = " \t\r\n;&|<>()'\"`";
  std::vector<std::string> words;
  const auto add = [&](std::string_view text) {
    for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;) {
      const auto end = std::min(text.find_first_of(kBetween, at), text.size());
      words.emplace_back(text.substr(at, end - at));
      at = text.find_first_not_of(kBetween, end);
    }
  };
  if (const auto* line = std::get_if<std::string>(&command))
    add(*line);
  else
    for (const auto& argument : std::get<std::vector<std::string>>(command)) add(argument);
  return words;
}

std::string listed(const std::vector<languages::WorkspaceProgram>& programs) {
  std::string text;
  for (const auto& each : programs)
    text += (text.empty() ? "" : ", ") + each.id + " (" + each.label + ", " + each.source + ")";
  return text;
}

Result<languages::WorkspaceProgram> chosen(const std::string& folder, const std::optional<std::string>& id) {
  auto there = languages::find_workspace_programs(folder);
  if (!there) return std::unexpected(there.error());
  auto& programs = there->programs;
  if (id) {
    const auto found = std::ranges::find(programs, *id, &languages::WorkspaceProgram::id);
    if (found != programs.end()) return std::move(*found);
    return fail(ErrorCode::not_found, "There is no program \"" + shown(*id) + "\" in " + shown(folder) +
                                          (programs.empty() ? "; name a command" : "; there are: " + listed(programs)));
  }
  if (programs.size() == 1) return std::move(programs.front());
  if (!programs.empty())
    return fail(ErrorCode::invalid_request, "There is more than one program in " + shown(folder) +
                                                "; name one of them, or a command: " + listed(programs));
  std::string seen;
  for (const auto& note : there->notes) seen += "; " + note;
  return fail(ErrorCode::invalid_request, "Nothing in " + shown(folder) +
                                              " says what to run (no Dockerfile, package.json with a start script, "
                                              "main.py, __main__.py or Makefile" +
                                              seen + "); name a command");
}

}  // namespace

void FolderRuns::adopt(const std::string& folder) {
  const auto real = without_links(folder);
  if (real && !holds_a_home(*real)) sandboxes_.adopt_workspace(*real);
}

Result<WorkspaceProgramList> FolderRuns::programs(const std::string& folder) {
  const auto real = without_links(folder);
  auto found = languages::find_workspace_programs(real.value_or(folder));
  if (!found) return std::unexpected(found.error());
  WorkspaceProgramList list{.folder = real.value_or(folder), .programs = {}, .notes = std::move(found->notes)};
  for (auto& each : found->programs)
    list.programs.push_back({.id = std::move(each.id),
                             .label = std::move(each.label),
                             .source = std::move(each.source),
                             .detail = std::move(each.detail),
                             .build = each.build,
                             .notes = std::move(each.notes)});
  return list;
}

Result<RunSpec> FolderRuns::spec(const WorkspaceRequest& request) {
  const auto folder = without_links(request.folder);
  std::error_code problem;
  if (!folder || !fs::is_directory(*folder, problem))
    return fail(ErrorCode::not_found, "There is no folder " + shown(request.folder) + "; check its path");
  const auto& workspace = sandboxes_.workspace();
  const auto root = workspace.path.empty() ? std::nullopt : without_links(workspace.path);
  const auto place = root ? place_in(*root, *folder) : std::nullopt;
  if (!place) {
    if (holds_a_home(*folder))
      return fail(ErrorCode::invalid_request, shown(*folder) +
                                                  " is a home folder or holds one, and a sandbox would see all of it: "
                                                  "run a folder beneath it");
    return fail(ErrorCode::invalid_request,
                "The folder " + shown(*folder) +
                    (workspace.path.empty() ? " can't be run: no workspace is known here"
                                            : " is not in the workspace " + shown(workspace.path)) +
                    "; run one that is, or have workspace.path (DIND_WORKSPACE) changed");
  }
  languages::WorkspaceProgram program;
  if (request.command) {
    program = languages::program_for_command(*folder, words_of(*request.command));
  } else {
    auto found = chosen(*folder, request.program);
    if (!found) return std::unexpected(found.error());
    program = std::move(*found);
  }
  RunSpec spec;
  if (program.build) {
    // "." and not "": that one is a context without files.
    spec.program =
        BuildProgram{.dockerfile = program.dockerfile, .context_path = place->empty() ? "." : *place, .command = {}};
  } else {
    CommandProgram command{.command = request.command.value_or(Command(program.command))};
    if (program.language.empty())
      command.images = program.images;
    else
      command.language = program.language;
    spec.program = std::move(command);
    spec.working_dir = std::string(kWorkspaceMount) + (place->empty() ? "" : "/" + *place);
  }
  spec.env = {program.env.begin(), program.env.end()};
  spec.requirements = program.requirements;
  spec.workspace = request.access.value_or(WorkspaceAccess::read_write);
  spec.workspace_folder = *place;
  spec.notes = program.notes;
  return spec;
}

}  // namespace dind
