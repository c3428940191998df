#include "frontends/run_request_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dind/limit_bounds.hpp"
#include "dind/patterns.hpp"
#include "frontends/request_fields.hpp"
#include "services/workspaces/languages_service.hpp"

namespace dind::frontends {
namespace {

using nlohmann::json;

std::optional<Network> network(std::string_view text) {
  if (text == "none") return Network::none;
  if (text == "internet") return Network::internet;
  return std::nullopt;
}

void read_limits(RequestFields& fields, LimitsRequest& into) {
  const json* value = fields.find("limits");
  if (value == nullptr) return;
  RequestFields limits(*value, "limits");
  limits.seconds("timeout", into.timeout);
  limits.bytes("memory", into.memory_bytes, kMinMemoryBytes);
  limits.number("cpus", into.cpus, kMinCpus, kMaxCpus);
  limits.whole("pids", into.pids, kMinPids, kMaxPids);
  if (const auto ended = limits.end(); !ended) fields.refuse(ended.error());
}

// Reads the fields that every run method has, after the method has set its own.
Result<RunRequest> finish(RequestFields& fields, RunSpec spec) {
  RunRequest request{.spec = std::move(spec)};
  fields.non_empty_text("runId", request.spec.run_id);
  fields.text("stdin", request.input);
  fields.variables("env", request.spec.env);
  read_limits(fields, request.spec.limits);
  if (const json* value = fields.find("network"); value != nullptr && value->is_object() && value->contains("hosts"))
    fields.refuse("\"network\" is a list of hosts, which is not supported yet; use \"none\" or \"internet\"");
  std::optional<Network> wanted;
  fields.choice<Network>("network", wanted, network, "\"none\" or \"internet\"");
  if (wanted) request.spec.network = *wanted;
  fields.choice<Isolation>("isolation", request.spec.isolation, parse_isolation, "\"runc\" or \"gvisor\"");
  fields.flag("record", request.spec.record);
  fields.flag("stream", request.stream);
  std::optional<std::int64_t> keep;
  fields.whole("keepOutputBytes", keep, 0, kMaxKeptOutput);
  if (keep) request.keep = static_cast<std::size_t>(*keep);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return request;
}

// A text for a shell, or a list of texts: argv.
std::optional<Command> read_command(RequestFields& fields) {
  constexpr const char* kExpected = "a text, or a list of texts, that is not empty";
  const json* value = fields.find("command");
  if (value == nullptr) return std::nullopt;
  if (value->is_string() && !value->get_ref<const std::string&>().empty()) return Command(value->get<std::string>());
  if (value->is_array() && !value->empty() &&
      std::ranges::all_of(*value, [](const json& each) { return each.is_string(); }))
    return Command(value->get<std::vector<std::string>>());
  fields.wrong("command", kExpected);
  return std::nullopt;
}

// If `command` is missing too, returns an empty command. It is never run, because `fields` holds the problem.
Command needed_command(RequestFields& fields) {
  fields.require("command", "a text for a shell, or a list of texts");
  return read_command(fields).value_or(Command());
}

void read_working_dir(RequestFields& fields, std::string& into) {
  fields.text("workingDir", into);
  if (!into.empty() && !into.starts_with('/'))
    fields.wrong("workingDir", "an absolute path in the sandbox such as \"/workspaces/project\"");
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
  read_working_dir(fields, request.working_dir);
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
    SourceProgram source;
    fields.text("code", source.text);
    fields.non_empty_text("language", source.language);
    fields.text("fileName", source.file_name);
    fields.texts("args", spec.args);
    fields.texts("dependencies", spec.dependencies);
    refuse_others(fields, "code", {"contextPath", "buildArgs", "target"});
    source.text = unicode_program(std::move(source.text), source.language, source.file_name);
    spec.program = std::move(source);
  } else if (dockerfile) {
    BuildProgram build;
    fields.non_empty_text("dockerfile", build.dockerfile);
    fields.text("contextPath", build.context_path);
    fields.variables("buildArgs", build.arguments);
    fields.text("target", build.target);
    build.command = read_command(fields);
    refuse_others(fields, "dockerfile", {"language", "fileName", "args", "dependencies", "image"});
    spec.program = std::move(build);
  } else {
    spec.program = CommandProgram{needed_command(fields)};
    refuse_others(fields, "command",
                  {"language", "fileName", "args", "dependencies", "contextPath", "buildArgs", "target"});
    fields.require("image", "the image to run the command in");
  }
}

}  // namespace

Result<RunRequest> read_run(const json& params) {
  RequestFields fields(params);
  RunSpec spec;
  read_program(fields, spec);
  fields.non_empty_text("image", spec.image);
  fields.choice<PullPolicy>("pull", spec.pull, parse_pull_policy, "\"missing\", \"never\" or \"always\"");
  fields.choice<WorkspaceAccess>("workspace", spec.workspace, parse_workspace_access, "\"readOnly\" or \"readWrite\"");
  read_working_dir(fields, spec.working_dir);
  fields.seconds("totalTimeout", spec.total_timeout);
  return finish(fields, std::move(spec));
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

}  // namespace dind::frontends
