#include "services/workspaces/local_workspace_runs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "languages/sub_projects.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

namespace fs = std::filesystem;

std::string shown_path(const std::string& path) { return shortened(escaped(path), 200); }

std::optional<std::string> without_links(const std::string& path) {
  std::error_code problem;
  const auto real = fs::canonical(path, problem);
  if (problem) return std::nullopt;
  return real.string();
}

// `path` relative to `root`: "a/b" for "/w/a/b" in "/w", "" for "/w" itself; nullopt: it is not in `root`.
std::optional<std::string> relative_to(const std::string& root, const std::string& path) {
  if (path == root || root == "/") return path == root ? std::string() : path.substr(1);
  if (!path.starts_with(root + "/")) return std::nullopt;
  return path.substr(root.size() + 1);
}

bool holds_a_home(const std::string& folder) {
  const char* home = std::getenv("HOME");
  const auto real = home == nullptr || *home == '\0' ? std::nullopt : without_links(home);
  return folder == "/" || (real && relative_to(folder, *real).has_value());
}

// The words of a command, to find names of programs in it. Quotes, brackets and operators of the shell separate words
// too.
std::vector<std::string> program_words(const Command& command) {
  constexpr std::string_view kSeparators = " \t\r\n;&|<>()'\"`";
  std::vector<std::string> words;
  const auto add = [&](std::string_view text) {
    for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string_view::npos;) {
      const auto end = std::min(text.find_first_of(kSeparators, at), text.size());
      words.emplace_back(text.substr(at, end - at));
      at = text.find_first_not_of(kSeparators, end);
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

// The folder's own programs, then those of the projects in its subfolders.
Result<languages::WorkspacePrograms> all_programs(const std::string& folder, Terms terms) {
  auto there = languages::find_workspace_programs(folder, terms);
  if (!there) return there;
  std::vector<std::string> sources;
  for (const auto& each : there->programs) sources.push_back(each.source);
  for (auto& each : languages::find_sub_projects(folder, sources)) there->programs.push_back(std::move(each));
  return there;
}

Result<languages::WorkspaceProgram> chosen(const std::string& folder, const std::optional<std::string>& id,
                                           Terms terms) {
  auto there = all_programs(folder, terms);
  if (!there) return std::unexpected(there.error());
  auto& programs = there->programs;
  if (id) {
    const auto found = std::ranges::find(programs, *id, &languages::WorkspaceProgram::id);
    if (found != programs.end()) return std::move(*found);
    return fail(ErrorCode::not_found, "There is no program \"" + shown_path(*id) + "\" in " + shown_path(folder) +
                                          (programs.empty() ? "; name a command" : "; programs: " + listed(programs)));
  }
  const auto runs_unasked = [](const auto& each) { return !each.extra; };
  if (std::ranges::count_if(programs, runs_unasked) == 1)
    return std::move(*std::ranges::find_if(programs, runs_unasked));
  if (!programs.empty())
    return fail(ErrorCode::invalid_request, choice_is_needed(std::ranges::none_of(programs, runs_unasked)) +
                                                shown_path(folder) +
                                                "; name one of them, or a command: " + listed(programs));
  std::string seen;
  for (const auto& note : there->notes) seen += "; " + note;
  return fail(ErrorCode::invalid_request,
              "Nothing in " + shown_path(folder) +
                  " says what to run (no Dockerfile or Containerfile, package.json with a start "
                  "script, main.py, __main__.py or Makefile" +
                  seen + "); name a command");
}

struct Place {
  std::string root;  // one of the adopted folders; empty: the operator's workspace
  std::string path;  // relative to the root
};

// If adopted folders are nested, takes the innermost one, so that as little as possible is mounted.
std::optional<Place> root_of(const sandbox::SandboxHost& sandboxes, const std::string& folder) {
  std::optional<Place> found;
  for (const auto& root : sandboxes.adopted_workspaces())
    if (auto path = relative_to(root, folder); path && (!found || root.size() > found->root.size()))
      found = {.root = root, .path = std::move(*path)};
  const auto& workspace = sandboxes.workspace();
  if (found || workspace.path.empty()) return found;
  const auto root = without_links(workspace.path);
  auto path = root ? relative_to(*root, folder) : std::nullopt;
  if (path) found = {.root = {}, .path = std::move(*path)};
  return found;
}

std::string not_there(const sandbox::SandboxHost& sandboxes) {
  const auto& adopted = sandboxes.adopted_workspaces();
  if (adopted.empty()) {
    const auto& path = sandboxes.workspace().path;
    if (path.empty())
      return " can't be run: no workspace is set; the operator sets one (workspace.path, DIND_WORKSPACE)";
    return " is not in the workspace " + shown_path(path) +
           ", and runs see no other folder; run one in there, or ask the operator (workspace.path, DIND_WORKSPACE)";
  }
  std::string open;
  for (const auto& root : adopted) open += (open.empty() ? "" : ", ") + shown_path(root);
  return " is not in a folder that is open here (" + open + "); open it in the editor, and run it again";
}

}  // namespace

const WorkspaceProgramSummary* only_program(const std::vector<WorkspaceProgramSummary>& programs) {
  const auto runs_unasked = [](const auto& each) { return !each.extra; };
  if (std::ranges::count_if(programs, runs_unasked) != 1) return nullptr;
  return &*std::ranges::find_if(programs, runs_unasked);
}

void LocalWorkspaceRuns::set_if_unset(const std::string& folder) {
  const auto real = without_links(folder);
  if (real && !holds_a_home(*real)) sandboxes_.set_workspace_if_unset(*real);
}

Result<BuildFolder> LocalWorkspaceRuns::build_folder(const std::string& folder) {
  std::error_code problem;
  const auto& workspace = sandboxes_.workspace();
  const auto root = workspace.path.empty() ? std::nullopt : without_links(workspace.path);
  auto real = without_links(folder);
  if (!root) {
    if (real && fs::is_directory(*real, problem)) return BuildFolder{.root = *real, .path = ".", .whole = *real};
    return fail(ErrorCode::not_found,
                "There is no folder " + shown_path(folder) + "; check the path of the build's context");
  }
  const auto beneath = folder.starts_with('/') ? std::nullopt : without_links(*root + "/" + folder);
  for (const auto& each : {real, beneath}) {
    const auto place = each && fs::is_directory(*each, problem) ? relative_to(*root, *each) : std::nullopt;
    // "." and not "": an empty path is a context without files.
    if (place) return BuildFolder{.root = {}, .path = place->empty() ? "." : *place, .whole = *each};
  }
  if (!real && !beneath)
    return fail(ErrorCode::not_found, "There is no folder " + shown_path(folder) + ", here or in the workspace " +
                                          shown_path(*root) + "; check the path of the build's context");
  return fail(ErrorCode::invalid_request,
              "The folder " + shown_path(real.value_or(*beneath)) + " is not a folder in the workspace " +
                  shown_path(*root) +
                  ", and a build's context must be one: name another, or change workspace.path (DIND_WORKSPACE)");
}

// A folder that no longer exists cannot be resolved, so its name is used as given.
void LocalWorkspaceRuns::forget(const std::string& folder) {
  sandboxes_.forget_workspace(without_links(folder).value_or(folder));
}

Result<WorkspaceProgramList> LocalWorkspaceRuns::programs(const std::string& folder, Terms terms) {
  const auto real = without_links(folder);
  auto found = all_programs(real.value_or(folder), terms);
  if (!found) return std::unexpected(found.error());
  WorkspaceProgramList list{.folder = real.value_or(folder), .programs = {}, .notes = std::move(found->notes)};
  for (auto& each : found->programs)
    list.programs.push_back({.id = std::move(each.id),
                             .label = std::move(each.label),
                             .source = std::move(each.source),
                             .detail = std::move(each.detail),
                             .build = each.build,
                             .extra = each.extra,
                             .notes = std::move(each.notes)});
  return list;
}

Result<RunSpec> LocalWorkspaceRuns::spec(const WorkspaceRequest& request) {
  const auto folder = without_links(request.folder);
  std::error_code problem;
  if (!folder || !fs::is_directory(*folder, problem))
    return fail(ErrorCode::not_found, "There is no folder " + shown_path(request.folder) + "; check its path");
  const auto found_root = root_of(sandboxes_, *folder);
  if (!found_root) {
    if (holds_a_home(*folder))
      return fail(ErrorCode::invalid_request, shown_path(*folder) +
                                                  " is a home folder or holds one, and a sandbox would see all of it: "
                                                  "run a folder beneath it");
    return fail(ErrorCode::invalid_request, "The folder " + shown_path(*folder) + not_there(sandboxes_));
  }
  const auto project = request.program ? languages::sub_project(*request.program) : std::nullopt;
  if (project) {
    WorkspaceRequest inner = request;
    std::tie(inner.folder, inner.program) = std::pair(*folder + "/" + project->first, project->second);
    if (const auto real = without_links(inner.folder); real && relative_to(*folder, *real)) return spec(inner);
  }
  const auto& [root, place] = *found_root;
  languages::WorkspaceProgram program;
  if (request.command) {
    program = languages::program_for_command(*folder, program_words(*request.command));
  } else {
    auto found = chosen(*folder, request.program, request.terms);
    if (!found) return std::unexpected(found.error());
    program = std::move(*found);
  }
  if (program.refusal) return std::unexpected(std::move(*program.refusal));
  RunSpec spec;
  if (program.build) {
    // "." and not "": an empty path is a context without files.
    spec.program = BuildProgram{.dockerfile = program.dockerfile,
                                .context_path = place.empty() ? "." : place,
                                .command = {},
                                .context_root = root,
                                .dockerfile_name = program.source};
  } else {
    CommandProgram command{.command = request.command.value_or(Command(program.command))};
    if (program.language.empty())
      command.images = program.images;
    else
      command.language = program.language;
    spec.program = std::move(command);
    spec.working_dir = std::string(kWorkspaceMount) + (place.empty() ? "" : "/" + place);
  }
  spec.env = {program.env.begin(), program.env.end()};
  spec.dependencies = program.dependencies;
  spec.constraints = program.constraints;
  spec.workspace = request.access.value_or(WorkspaceAccess::read_write);
  spec.writable_folder = place;
  spec.workspace_root = root;
  spec.notes = program.notes;
  return spec;
}

}  // namespace dind
