#include "frontends/lsp/run_request.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>

#include "frontends/lsp/uri.hpp"
#include "services/workspaces/languages_service.hpp"
#include "services/workspaces/workspace_memory.hpp"
#include "support/ids.hpp"
#include "support/json_fields.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind::frontends::lsp {
namespace {

using rpc::Json;

constexpr std::uintmax_t kMaxFileBytes = 16U << 20;

bool all_strings(const Json& values) {
  for (const Json& value : values)
    if (!value.is_string()) return false;
  return true;
}

Result<std::string> read_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code problem;
  const auto status = fs::status(path, problem);
  if (!fs::exists(status)) return fail(ErrorCode::not_found, path + " does not exist: save it, or open another file");
  if (fs::is_directory(status))
    return fail(ErrorCode::invalid_request, path + " is a folder: open a file in it and run that");
  if (!fs::is_regular_file(status)) return fail(ErrorCode::invalid_request, path + " is not a regular file");
  const auto size = fs::file_size(path, problem);
  if (!problem && size > kMaxFileBytes)
    return fail(ErrorCode::invalid_request, path + " is larger than 16 MiB, the max for a program");
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(problem ? 0 : size), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return fail(ErrorCode::invalid_request, path + " can't be read: check its permissions");
  return text;
}

std::optional<std::string> wrong_fields(const std::string& command, const Json& argument,
                                        std::initializer_list<const char*> texts) {
  if (!argument.is_object()) return command + " takes one argument, an object with a uri";
  if (!lenient::find_text(argument, "uri")) return command + ": uri is missing, or is not a string";
  for (const char* name : texts)
    if (const Json& value = lenient::field(argument, name); !value.is_null() && !value.is_string())
      return command + ": " + name + " must be a string";
  if (const Json& args = lenient::field(argument, "args"); !args.is_null() && (!args.is_array() || !all_strings(args)))
    return command + ": args must be an array of strings";
  if (const Json& packages = lenient::field(argument, "dependencies");
      !packages.is_null() && (!packages.is_array() || !all_strings(packages)))
    return command + ": dependencies must be an array of strings";
  if (const Json& env = lenient::field(argument, "env"); !env.is_null() && (!env.is_object() || !all_strings(env)))
    return command + ": env must be an object of strings";
  return std::nullopt;
}

// The image of the client's settings for a language. nullopt: they name none.
std::optional<std::string> image_of(const std::optional<std::string>& language, const Options& options) {
  if (!language) return std::nullopt;
  const auto recipe = runnable_language(language, "", "").value_or(*language);  // "py" is python
  const auto image = options.images.find(recipe);
  return image == options.images.end() ? std::nullopt : std::optional(image->second);
}

// The document's own name; empty where it can't name a file in the sandbox: then the program has its language's usual
// name (I29).
std::string file_name(const std::string& uri) {
  constexpr std::size_t kMaxNameBytes = 255;  // of Linux, NAME_MAX
  auto name = base_name(uri);
  if (name == "." || name == ".." || name.size() > kMaxNameBytes) name.clear();
  return name;
}

bool has(const WorkspaceProgramList& list, const std::string& id) {
  return std::ranges::find(list.programs, id, &WorkspaceProgramSummary::id) != list.programs.end();
}

// The earlier choice, if the folder still has this program.
std::optional<WorkspaceChoice> choice_before(const WorkspaceProgramList& list) {
  auto before = remembered(list.folder);
  if (before && before->program && !has(list, *before->program)) return std::nullopt;
  return before;
}

Result<std::string> folder_of(const Json& argument) {
  const auto uri = lenient::find_text(argument, "uri").value_or("");
  auto path = file_path(uri);
  if (!path) return fail(ErrorCode::invalid_request, uri + " is not a folder on this machine: use a file: address");
  return *std::move(path);
}

}  // namespace

std::optional<std::string> wrong_shape(const Json& argument) {
  return wrong_fields("dind.runFile", argument, {"languageId", "stdin", "image", "runId", "workingDir"});
}

std::optional<std::string> wrong_workspace_shape(const Json& argument) {
  return wrong_fields("dind.runWorkspace", argument, {"program", "command", "stdin", "image", "runId"});
}

Result<RunRequest> make_request(const Json& argument, const DocumentStore& documents, const Options& options) {
  auto run = read_run_file(argument, options);
  if (!run) return std::unexpected(run.error());
  RunRequest request{.uri = run->uri, .name = file_name(run->uri), .spec = {}, .input = std::move(run->input)};
  SourceProgram program;
  program.file_name = request.name;
  const Document* open = documents.find(request.uri);
  if (open != nullptr) {
    program.text = open->text;
  } else {
    const auto path = file_path(request.uri);
    if (!path)
      return fail(
          ErrorCode::invalid_request,
          request.uri + " is not open and is not a file on this machine: open it in the editor and run it again");
    auto text = read_file(*path);
    if (!text) return std::unexpected(text.error());
    program.text = std::move(*text);
  }
  if (const auto path = file_path(request.uri)) program.folder = std::filesystem::path(*path).parent_path().string();
  // An editor shows an empty file as one empty line.
  if (program.text.find_first_not_of("\r\n") == std::string::npos)
    return fail(ErrorCode::invalid_request, (program.file_name.empty() ? "The document" : program.file_name) +
                                                " is empty: there is nothing to run");
  program.language = run->language_id;
  // The editor chooses the language id of an open document. If no recipe knows it
  // ("plaintext"), the file's name and first line decide.
  if (!program.language)
    program.language = runnable_language(open ? std::optional<std::string_view>(open->language_id) : std::nullopt,
                                         base_name(request.uri), program.text);
  // The editor's text is Unicode. A file that is read here keeps its own bytes and encoding.
  if (open != nullptr) program.text = unicode_program(std::move(program.text), program.language, program.file_name);

  request.spec = std::move(run->spec);
  if (!request.spec.image) request.spec.image = image_of(program.language, options);
  if (!request.spec.run_id) request.spec.run_id = random_id();
  request.spec.program = std::move(program);
  return request;
}

std::optional<RunSpec> expected_run(const Json& argument, const DocumentStore& documents, const Options& options) {
  const auto uri = lenient::find_text(argument, "uri");
  if (!uri || wrong_shape(argument)) return std::nullopt;
  const Document* open = documents.find(*uri);
  SourceProgram program;
  program.file_name = file_name(*uri);
  program.language = runnable_language(open ? std::optional<std::string_view>(open->language_id) : std::nullopt,
                                       base_name(*uri), open ? open->text : std::string());
  auto run = read_run_file(argument, options);
  if (!program.language || !run) return std::nullopt;
  if (!run->spec.image) run->spec.image = image_of(program.language, options);
  run->spec.program = std::move(program);
  return std::move(run->spec);
}

Result<RunRequest> make_workspace_request(const Json& argument, WorkspaceRuns& folders, const Options& options) {
  const auto folder = folder_of(argument);
  if (!folder) return std::unexpected(folder.error());
  auto run = read_run_workspace(argument, options);
  if (!run) return std::unexpected(run.error());
  WorkspaceRequest asked{.folder = *folder,
                         .program = run->program,
                         .command = {},
                         .access = run->spec.workspace,
                         .terms = Terms::settings};
  if (run->command) asked.command = Command(*run->command);
  if (asked.program && asked.command)
    return fail(ErrorCode::invalid_request, "dind.runWorkspace takes a program or a command, and not both");
  if (!asked.program && !asked.command) {
    const auto list = folders.programs(*folder, Terms::settings);
    if (const auto before = list ? choice_before(*list) : std::nullopt) {
      asked.program = before->program;
      if (before->command) asked.command = Command(*before->command);
    }
  }
  auto spec = folders.spec(asked);
  if (!spec) return std::unexpected(spec.error());
  RunSpec& given = run->spec;
  if (const auto* command = std::get_if<CommandProgram>(&spec->program); !given.image && command != nullptr)
    given.image = image_of(command->language, options);
  given.program = std::move(spec->program);
  given.workspace = spec->workspace;
  given.writable_folder = std::move(spec->writable_folder);
  given.workspace_root = std::move(spec->workspace_root);
  given.working_dir = std::move(spec->working_dir);
  given.env.merge(spec->env);
  given.dependencies.insert(given.dependencies.begin(), spec->dependencies.begin(), spec->dependencies.end());
  given.constraints = std::move(spec->constraints);
  given.notes = std::move(spec->notes);
  if (!given.run_id) given.run_id = random_id();
  return RunRequest{
      .uri = run->uri, .name = base_name(run->uri), .spec = std::move(given), .input = std::move(run->input)};
}

std::optional<std::string> wrong_choice_shape(const Json& argument) {
  return wrong_fields("dind.chooseProgram", argument, {"program", "command"});
}

Result<void> choose_workspace_program(const Json& argument, WorkspaceRuns& folders) {
  const auto folder = folder_of(argument);
  if (!folder) return std::unexpected(folder.error());
  const auto list = folders.programs(*folder, Terms::settings);
  if (!list) return std::unexpected(list.error());
  const WorkspaceChoice choice{.program = lenient::find_text(argument, "program"),
                               .command = lenient::find_text(argument, "command")};
  if (choice.program && choice.command)
    return fail(ErrorCode::invalid_request, "dind.chooseProgram takes a program or a command, and not both");
  if (choice.command && choice.command->empty())
    return fail(ErrorCode::invalid_request, "dind.chooseProgram: command is empty");
  if (choice.program && !has(*list, *choice.program))
    return fail(ErrorCode::not_found, "There is no program \"" + shortened(escaped(*choice.program), 200) + "\" in " +
                                          shortened(escaped(list->folder), 200));
  const bool kept = choice.program || choice.command ? remember(list->folder, choice) : forget_choice(list->folder);
  if (!kept)
    return fail(ErrorCode::internal,
                "The choice could not be saved: check that ~/.local/state/dind-executor is writable");
  return {};
}

Result<Json> workspace_programs(const Json& argument, WorkspaceRuns& folders) {
  const auto folder = folder_of(argument);
  if (!folder) return std::unexpected(folder.error());
  const auto list = folders.programs(*folder, Terms::settings);
  if (!list) return std::unexpected(list.error());
  Json programs = Json::array();
  for (const auto& each : list->programs)
    programs.push_back({{"id", each.id},
                        {"label", each.label},
                        {"source", each.source},
                        {"detail", each.detail},
                        {"build", each.build},
                        {"extra", each.extra},
                        {"notes", each.notes}});
  Json result{{"folder", list->folder}, {"programs", std::move(programs)}, {"notes", list->notes}};
  if (const auto before = choice_before(*list)) {
    if (before->program)
      result["chosen"]["program"] = *before->program;
    else
      result["chosen"]["command"] = *before->command;
  }
  return result;
}

}  // namespace dind::frontends::lsp
