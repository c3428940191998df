#include "wire/run_spec_codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dind/limit_bounds.hpp"
#include "dind/patterns.hpp"
#include "wire/field_writer.hpp"
#include "wire/request_fields.hpp"
#include "wire/run_fields.hpp"

namespace dind {
namespace {

using nlohmann::json;

// A text for a shell, or a list of texts: argv.
void command_field(RequestFields& fields, std::optional<Command>& into) {
  constexpr const char* kExpected = "a text, or a list of texts, that is not empty";
  const json* value = fields.find("command");
  if (value == nullptr) return;
  const bool empty_is_wrong = fields.is_client();
  if (value->is_string() && !(empty_is_wrong && value->get_ref<const std::string&>().empty()))
    into = Command(value->get<std::string>());
  else if (value->is_array() && !(empty_is_wrong && value->empty()) &&
           std::ranges::all_of(*value, [](const json& each) { return each.is_string(); }))
    into = Command(value->get<std::vector<std::string>>());
  else
    fields.wrong("command", kExpected);
}
void command_field(FieldWriter& fields, const std::optional<Command>& command) {
  if (command) std::visit([&](const auto& what) { fields.set("command", what); }, *command);
}

// If `command` is missing too, returns an empty command. It is never run, because `fields` holds the problem.
Command needed_command(RequestFields& fields) {
  fields.require("command", "a text for a shell, or a list of texts");
  std::optional<Command> command;
  command_field(fields, command);
  return std::move(command).value_or(Command());
}

// The fields of `RunCode` and of the other kinds of program: one line for each.
template <typename Fields, typename Of>
void source_fields(Fields& fields, Of& source) {
  fields.text("code", source.text);
  fields.non_empty_text("language", source.language);
  fields.text("fileName", source.file_name);
}

template <typename Fields, typename Of>
void source_run_fields(Fields& fields, Of& spec) {
  fields.texts("args", spec.args);
  fields.texts("dependencies", spec.dependencies);
}

template <typename Fields, typename Of>
void build_fields(Fields& fields, Of& build) {
  fields.non_empty_text("dockerfile", build.dockerfile);
  fields.text("contextPath", build.context_path);
  fields.variables("buildArgs", build.arguments);
  fields.text("target", build.target);
  command_field(fields, build.command);
}

template <typename Fields, typename Of>
void run_fields(Fields& fields, Of& spec) {
  fields.non_empty_text("image", spec.image);
  fields.choice("pull", spec.pull);
  fields.choice("workspace", spec.workspace);
  working_dir_field(fields, spec.working_dir);
  fields.seconds("totalTimeout", spec.total_timeout);
}

// The fields of a record that no client may send.
template <typename Fields, typename Of>
void internal_fields(Fields& fields, Of& spec) {
  fields.object("internal", [&](auto& inner) {
    inner.text("client", spec.caller.client);
    inner.texts("notes", spec.notes);
    inner.texts("constraints", spec.constraints);
    inner.text("workspaceFolder", spec.writable_folder);
    if (auto* source = std::get_if<SourceProgram>(&spec.program)) inner.text("folder", source->folder);
    if (auto* build = std::get_if<BuildProgram>(&spec.program)) {
      inner.text("contextRoot", build->context_root);
      inner.text("dockerfileName", build->dockerfile_name);
      inner.text("ignore", build->ignore);
    }
    if (auto* command = std::get_if<CommandProgram>(&spec.program)) {
      inner.text("language", command->language);
      inner.texts("images", command->images);
    }
  });
}

// Reads the fields that every run method has, after the method has set its own.
Result<RunRequest> finish(RequestFields& fields, RunSpec spec) {
  RunRequest request{.spec = std::move(spec)};
  common_fields(fields, request.spec);
  fields.text("stdin", request.input);
  fields.object("limits", [&](auto& inner) { limit_fields(inner, request.spec.limits); });
  fields.flag("stream", request.stream);
  std::optional<std::int64_t> keep;
  fields.whole("keepOutputBytes", keep, 0, kMaxKeptOutput);
  if (keep) request.keep = static_cast<std::size_t>(*keep);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return request;
}

Result<RunRequest> read_python_code(const json& params) {
  RequestFields fields(params);
  PythonCode python;
  fields.require("code", "the program's text");
  fields.text("code", python.code);
  fields.text("pythonVersion", python.python_version);
  fields.texts("dependencies", python.requirements);
  fields.seconds("timeout", python.timeout);
  return finish(fields, to_run_spec(std::move(python)));
}

Result<RunRequest> read_shell_script(const json& params) {
  RequestFields fields(params);
  ShellScript shell;
  fields.require("script", "the script's text");
  fields.text("script", shell.script);
  fields.non_empty_text("shell", shell.shell);
  fields.non_empty_text("image", shell.image);
  fields.seconds("timeout", shell.timeout);
  return finish(fields, to_run_spec(std::move(shell)));
}

Result<RunRequest> read_command_request(const json& params) {
  RequestFields fields(params);
  CommandRequest request;
  fields.require("image", "the image to run in");
  fields.non_empty_text("image", request.image);
  request.command = needed_command(fields);
  fields.flag("mountWorkspace", request.mount_workspace);
  working_dir_field(fields, request.working_dir);
  fields.seconds("timeout", request.timeout);
  return finish(fields, to_run_spec(std::move(request)));
}

Result<RunRequest> read_build(const json& params) {
  RequestFields fields(params);
  BuildRequest build;
  fields.require("dockerfileContent", "the Dockerfile's text");
  fields.non_empty_text("dockerfileContent", build.dockerfile_content);
  fields.text("contextPath", build.context_path);
  fields.variables("buildArgs", build.build_args);
  fields.text("target", build.target);
  fields.seconds("timeout", build.timeout);
  return finish(fields, to_run_spec(std::move(build)));
}

// Refuses fields that belong to another kind of program than the requested one.
void refuse_others(RequestFields& fields, const char* kind, std::initializer_list<const char*> others) {
  if (!fields.is_client()) return;
  for (const char* other : others)
    if (fields.has(other)) fields.refuse('"' + std::string(other) + "\" cannot be combined with \"" + kind + '"');
}

void read_program(RequestFields& fields, RunSpec& spec) {
  const bool code = fields.has("code");
  const bool command = fields.has("command");
  const bool dockerfile = fields.has("dockerfile");
  if (code + (command && !dockerfile) + dockerfile != 1) {
    fields.refuse(
        "A run takes one of \"code\", \"command\" and \"dockerfile\" (which may have a \"command\" beside it)");
  }
  if (code) {
    source_fields(fields, spec.program.emplace<SourceProgram>());
    source_run_fields(fields, spec);
    refuse_others(fields, "code", {"contextPath", "buildArgs", "target"});
  } else if (dockerfile) {
    build_fields(fields, spec.program.emplace<BuildProgram>());
    refuse_others(fields, "dockerfile", {"language", "fileName", "args", "dependencies", "image"});
  } else {
    spec.program = CommandProgram{needed_command(fields)};
    refuse_others(fields, "command",
                  {"language", "fileName", "args", "dependencies", "contextPath", "buildArgs", "target"});
    if (fields.is_client()) fields.require("image", "the image to run the command in");
  }
  if (!code && !fields.is_client()) source_run_fields(fields, spec);
}

}  // namespace

Result<RunRequest> read_run(const json& params) {
  RequestFields fields(params);
  RunSpec spec;
  read_program(fields, spec);
  run_fields(fields, spec);
  return finish(fields, std::move(spec));
}

Result<ExecuteRequest> read_execute(const json& body) {
  RequestFields fields(body);
  ExecuteRequest request;
  fields.require("code", "the program's text");
  fields.text("code", request.code);
  fields.text("language", request.language);
  fields.seconds("timeout", request.timeout);
  fields.flag("record", request.record);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return request;
}

ReadRunRequest run_method(std::string_view name) {
  constexpr std::pair<std::string_view, ReadRunRequest> kMethods[] = {{"run", read_run},
                                                                      {"runPythonCode", read_python_code},
                                                                      {"runShellScript", read_shell_script},
                                                                      {"runCommand", read_command_request},
                                                                      {"buildAndRun", read_build}};
  for (const auto& [method, read] : kMethods)
    if (method == name) return read;
  return nullptr;
}

json run_spec_record(const RunSpec& spec) {
  FieldWriter fields;
  if (const auto* source = std::get_if<SourceProgram>(&spec.program)) {
    source_fields(fields, *source);
    fields.set("code", source->text);  // the kind of program, so it is there if it is empty too
  } else if (const auto* build = std::get_if<BuildProgram>(&spec.program)) {
    build_fields(fields, *build);
    fields.set("dockerfile", build->dockerfile);
  } else {
    command_field(fields, std::get<CommandProgram>(spec.program).command);
  }
  source_run_fields(fields, spec);
  run_fields(fields, spec);
  common_fields(fields, spec);
  fields.object("limits", [&](auto& inner) { limit_fields(inner, spec.limits); });
  internal_fields(fields, spec);
  return fields.take();
}

std::optional<RunSpec> parse_run_spec(const json& value) {
  RequestFields fields(value, Sender::own_process);
  RunSpec spec;
  read_program(fields, spec);
  run_fields(fields, spec);
  common_fields(fields, spec);
  fields.object("limits", [&](auto& inner) { limit_fields(inner, spec.limits); });
  internal_fields(fields, spec);
  if (!fields.end()) return std::nullopt;
  return spec;
}

}  // namespace dind
