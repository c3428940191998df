#include "services/history/history_codec.hpp"

#include <nlohmann/json.hpp>

#include "support/json_reader.hpp"

namespace dind {
namespace {

using nlohmann::json;

std::string bytes_of(const json& value) {
  const auto cbor = json::to_cbor(value);
  return {cbor.begin(), cbor.end()};
}

template <typename T>
void put(json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}
template <typename T>
void get(const json& object, const char* key, std::optional<T>& into) {
  if (const auto found = object.find(key); found != object.end()) into = found->get<T>();
}

template <typename Enum>
Enum named(const json& value, std::initializer_list<Enum> all, Enum otherwise) {
  const auto& text = value.get_ref<const std::string&>();
  for (const auto each : all)
    if (to_string(each) == text) return each;
  return otherwise;
}

Verdict verdict_of(const json& value) {
  using enum Verdict;
  return named(value,
               {ok, failed, signalled, timeout, out_of_memory, process_limit, output_limit, disk_limit, cancelled},
               failed);
}
CancelReason reason_of(const json& value) {
  using enum CancelReason;
  return named(value, {user, deadline, shutdown, client_gone}, user);
}
Stage stage_of(const json& value) {
  using enum Stage;
  return named(value, {queue, image, dependencies, build, container, program}, program);
}
ErrorCode code_of(const json& value) {
  using enum ErrorCode;
  return named(value,
               {invalid_request, unsupported_language, disabled, not_found, busy, image_unavailable, engine_error,
                engine_unavailable, cancelled, internal},
               internal);
}

// False: `bytes` can't be decoded. The JSON library throws an exception for each wrong value.
template <typename Read>
bool decoded(std::string_view bytes, Read read) {
  try {
    const auto value = read_cbor(bytes);
    if (value) read(*value);
    return value.has_value();
  } catch (const json::exception&) {
    return false;
  }
}

template <typename Named>
void put_name(json& object, const char* key, const std::optional<Named>& value) {
  if (value) object[key] = to_string(*value);
}
void put_command(json& object, const Command& command) {
  std::visit([&](const auto& what) { object["command"] = what; }, command);
}
Command command_from(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.get<std::vector<std::string>>();
}
void put_time(json& object, const char* key, const std::optional<std::chrono::milliseconds>& value) {
  if (value) object[key] = value->count();
}
void get_time(const json& object, const char* key, std::optional<std::chrono::milliseconds>& into) {
  if (object.contains(key)) into = std::chrono::milliseconds(object.at(key).get<std::int64_t>());
}
// For a field that older records do not have.
std::string text_or(const json& object, const char* key, std::string otherwise) {
  const auto found = object.find(key);
  return found == object.end() ? otherwise : found->get<std::string>();
}

json result_of(const RunResult& result) {
  json value{{"id", result.run_id},
             {"verdict", to_string(result.verdict)},
             {"ms", result.duration.count()},
             {"oom", result.oom_seen},
             {"out", result.stdout_bytes},
             {"err", result.stderr_bytes},
             {"dropped", result.dropped_bytes},
             {"image", result.image},
             {"imageId", result.image_id},
             {"isolation", result.isolation},
             {"stage", to_string(result.stage)},
             {"builder", result.builder},
             {"notes", result.notes}};
  put(value, "exit", result.exit_code);
  put(value, "signal", result.signal);
  put(value, "peak", result.peak_memory_bytes);
  put(value, "digest", result.image_digest);
  if (result.cpu) value["cpuUs"] = result.cpu->count();
  if (result.cancel_reason) value["reason"] = to_string(*result.cancel_reason);
  return value;
}

RunResult result_from(const json& value) {
  RunResult result;
  result.run_id = value.at("id").get<std::string>();
  result.verdict = verdict_of(value.at("verdict"));
  result.duration = std::chrono::milliseconds(value.at("ms").get<std::int64_t>());
  result.oom_seen = value.at("oom").get<bool>();
  result.stdout_bytes = value.at("out").get<std::uint64_t>();
  result.stderr_bytes = value.at("err").get<std::uint64_t>();
  result.dropped_bytes = value.at("dropped").get<std::uint64_t>();
  result.image = value.at("image").get<std::string>();
  result.image_id = value.at("imageId").get<std::string>();
  result.isolation = value.at("isolation").get<std::string>();
  result.notes = value.at("notes").get<std::vector<std::string>>();
  if (value.contains("stage")) result.stage = stage_of(value.at("stage"));
  result.builder = text_or(value, "builder", "");
  get(value, "exit", result.exit_code);
  get(value, "signal", result.signal);
  get(value, "peak", result.peak_memory_bytes);
  get(value, "digest", result.image_digest);
  if (value.contains("cpuUs")) result.cpu = std::chrono::microseconds(value.at("cpuUs").get<std::int64_t>());
  if (value.contains("reason")) result.cancel_reason = reason_of(value.at("reason"));
  return result;
}

}  // namespace

std::string encode_asked(const HistoryRecord& record) {
  const RunSpec& spec = record.spec;
  json value{{"args", spec.args},
             {"env", spec.env},
             {"internet", spec.network == Network::internet},
             {"withheld", record.withheld},
             {"gap", static_cast<int>(record.gap)}};
  if (const auto* source = std::get_if<SourceProgram>(&spec.program)) {
    value["file"] = source->file_name;
    if (!source->folder.empty()) value["folder"] = source->folder;
    put(value, "language", source->language);
  } else if (const auto* build = std::get_if<BuildProgram>(&spec.program)) {
    value["dockerfile"] = build->dockerfile;
    value["context"] = build->context_path;
    if (!build->context_root.empty()) value["contextRoot"] = build->context_root;
    if (!build->dockerfile_name.empty()) value["dockerfileName"] = build->dockerfile_name;
    put(value, "ignore", build->ignore);
    if (!build->arguments.empty()) value["buildArgs"] = build->arguments;
    if (!build->target.empty()) value["target"] = build->target;
    if (build->command) put_command(value, *build->command);
  } else {
    const auto& program = std::get<CommandProgram>(spec.program);
    put_command(value, program.command);
    put(value, "language", program.language);
    if (!program.images.empty()) value["images"] = program.images;
  }
  put(value, "image", spec.image);
  put_time(value, "timeoutMs", spec.limits.timeout);
  put(value, "memory", spec.limits.memory_bytes);
  put(value, "cpus", spec.limits.cpus);
  put(value, "pids", spec.limits.pids);
  put_name(value, "pull", spec.pull);
  if (!spec.dependencies.empty()) value["dependencies"] = spec.dependencies;
  if (!spec.constraints.empty()) value["constraints"] = spec.constraints;
  put_name(value, "workspace", spec.workspace);
  if (!spec.writable_folder.empty()) value["workspaceFolder"] = spec.writable_folder;
  if (!spec.working_dir.empty()) value["workingDir"] = spec.working_dir;
  put_name(value, "isolation", spec.isolation);
  put_time(value, "totalMs", spec.total_timeout);
  if (!spec.caller.client.empty()) value["client"] = spec.caller.client;
  if (!spec.record) value["record"] = false;  // in a handover
  return bytes_of(value);
}

bool decode_asked(std::string_view bytes, HistoryRecord& into) {
  return decoded(bytes, [&](const json& value) {
    RunSpec& spec = into.spec;
    spec.args = value.at("args").get<std::vector<std::string>>();
    spec.env = value.at("env").get<std::map<std::string, std::string>>();
    spec.network = value.at("internet").get<bool>() ? Network::internet : Network::none;
    into.withheld = value.at("withheld").get<std::vector<std::string>>();
    const int gap = value.at("gap").get<int>();
    into.gap = gap == 0 ? ProgramGap::none : gap == 1 ? ProgramGap::too_large : ProgramGap::secret;
    if (value.contains("dockerfile")) {
      BuildProgram build{.dockerfile = value.at("dockerfile").get<std::string>(),
                         .context_path = value.at("context").get<std::string>(),
                         .command = {},
                         .context_root = text_or(value, "contextRoot", ""),
                         .dockerfile_name = text_or(value, "dockerfileName", ""),
                         .target = text_or(value, "target", "")};
      get(value, "ignore", build.ignore);
      if (value.contains("buildArgs"))
        build.arguments = value.at("buildArgs").get<std::map<std::string, std::string>>();
      if (value.contains("command")) build.command = command_from(value.at("command"));
      spec.program = std::move(build);
    } else if (value.contains("command")) {
      CommandProgram program{command_from(value.at("command"))};
      get(value, "language", program.language);
      if (value.contains("images")) program.images = value.at("images").get<std::vector<std::string>>();
      spec.program = std::move(program);
    } else {
      SourceProgram source;
      source.file_name = value.at("file").get<std::string>();
      source.folder = text_or(value, "folder", "");
      get(value, "language", source.language);
      spec.program = std::move(source);
    }
    get(value, "image", spec.image);
    get_time(value, "timeoutMs", spec.limits.timeout);
    get(value, "memory", spec.limits.memory_bytes);
    get(value, "cpus", spec.limits.cpus);
    get(value, "pids", spec.limits.pids);
    if (value.contains("pull")) spec.pull = parse_pull_policy(value.at("pull").get_ref<const std::string&>());
    if (value.contains("dependencies")) spec.dependencies = value.at("dependencies").get<std::vector<std::string>>();
    if (value.contains("constraints")) spec.constraints = value.at("constraints").get<std::vector<std::string>>();
    if (value.contains("workspace"))
      spec.workspace = parse_workspace_access(value.at("workspace").get_ref<const std::string&>());
    spec.writable_folder = text_or(value, "workspaceFolder", "");
    spec.working_dir = text_or(value, "workingDir", "");
    if (value.contains("isolation"))
      spec.isolation = parse_isolation(value.at("isolation").get_ref<const std::string&>());
    get_time(value, "totalMs", spec.total_timeout);
    spec.caller.client = text_or(value, "client", "");
    if (value.contains("record")) spec.record = value.at("record").get<bool>();
  });
}

std::string encode_started(const HistoryStarted& started) {
  const Limits& limits = started.limits;
  return bytes_of({{"name", started.name},
                   {"language", started.language},
                   {"image", started.image},
                   {"internet", started.network == Network::internet},
                   {"timeoutMs", limits.timeout.count()},
                   {"memory", limits.memory_bytes},
                   {"cpus", limits.cpus},
                   {"pids", limits.pids},
                   {"tmp", limits.tmp_bytes},
                   {"openFiles", limits.open_files},
                   {"fileSize", limits.file_bytes},
                   {"output", limits.output_bytes}});
}

bool decode_started(std::string_view bytes, HistoryStarted& into) {
  return decoded(bytes, [&](const json& value) {
    into.name = value.at("name").get<std::string>();
    into.language = value.at("language").get<std::string>();
    into.image = value.at("image").get<std::string>();
    into.network = value.at("internet").get<bool>() ? Network::internet : Network::none;
    into.limits = {.timeout = std::chrono::milliseconds(value.at("timeoutMs").get<std::int64_t>()),
                   .memory_bytes = value.at("memory").get<std::int64_t>(),
                   .cpus = value.at("cpus").get<double>(),
                   .pids = value.at("pids").get<std::int64_t>(),
                   .tmp_bytes = value.at("tmp").get<std::int64_t>(),
                   .open_files = value.at("openFiles").get<std::int64_t>(),
                   .file_bytes = value.at("fileSize").get<std::int64_t>(),
                   .output_bytes = value.at("output").get<std::int64_t>()};
  });
}

std::string encode_end(const HistoryEnd& end) {
  json value = json::object();
  if (end.result) value["result"] = result_of(*end.result);
  if (end.error)
    value["error"] = {
        {"kind", to_string(end.error->code)}, {"message", end.error->message}, {"status", end.error->engine_status}};
  return bytes_of(value);
}

bool decode_end(std::string_view bytes, HistoryEnd& into) {
  return decoded(bytes, [&](const json& value) {
    if (value.contains("result")) into.result = result_from(value.at("result"));
    if (value.contains("error")) {
      const json& error = value.at("error");
      into.error =
          Error{code_of(error.at("kind")), error.at("message").get<std::string>(), error.at("status").get<int>()};
    }
  });
}

}  // namespace dind
