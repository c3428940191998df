#include "frontends/shared/history_json.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

#include "services/runs/run_title.hpp"
#include "support/text/base64.hpp"
#include "support/text/shortened.hpp"
#include "support/text/utf8.hpp"
#include "wire/error_codec.hpp"
#include "wire/event_codec.hpp"
#include "wire/json_text.hpp"
#include "wire/run_result_codec.hpp"

namespace dind::frontends {
namespace {

using nlohmann::json;

// { text } or { base64 }
json bytes_json(const std::string& bytes) {
  return is_utf8(bytes) ? json{{"text", bytes}} : json{{"base64", base64(bytes)}};
}

json output_json(const KeptOutput& output) {
  return {{"head", bytes_json(output.head)}, {"tail", bytes_json(output.tail)}, {"leftOutBytes", output.left_out}};
}

}  // namespace

std::string utc_text(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string(text) + '.' + std::to_string(1000 + ms % 1000).substr(1) + 'Z';
}

std::string history_name(const HistoryRecord& record) {
  if (const auto* source = std::get_if<SourceProgram>(&record.spec.program)) {
    if (!source->file_name.empty()) return source->file_name;
    return record.started && !record.started->name.empty() ? record.started->name : "-";
  }
  if (const auto* build = std::get_if<BuildProgram>(&record.spec.program))
    return (build->dockerfile_name.empty() ? "Dockerfile" : build->dockerfile_name) +
           (build->context_path.empty() ? "" : " with " + build->context_path);
  const auto& command = std::get<CommandProgram>(record.spec.program).command;
  if (const auto* line = std::get_if<std::string>(&command)) return *line;
  std::string text;
  if (std::get<std::vector<std::string>>(command).empty()) return history_image(record);  // the image's own command
  for (const auto& part : std::get<std::vector<std::string>>(command)) text += (text.empty() ? "" : " ") + part;
  return text;
}

std::string history_language(const HistoryRecord& record) {
  if (record.started) return record.started->language;
  const auto* source = std::get_if<SourceProgram>(&record.spec.program);
  return source != nullptr ? source->language.value_or("") : "";
}

std::string history_image(const HistoryRecord& record) {
  if (record.end && record.end->result && !record.end->result->image.empty()) return record.end->result->image;
  return record.started ? record.started->image : record.spec.image.value_or("");
}

json history_summary_json(const HistoryRecord& record) {
  const RunResult* result = record.end && record.end->result ? &*record.end->result : nullptr;
  json value{{"id", record.id},
             {"runId", record.run_id},
             {"user", record.user},
             {"frontend", record.frontend},
             {"state", to_string(record.state)},
             {"verdict", nullptr},
             {"exitCode", nullptr},
             {"errorKind", nullptr},
             {"cancelReason", nullptr},
             {"name", shortened(history_name(record), kMaxSummaryNameLength)},
             {"what", run_title(record.spec)},
             {"language", history_language(record)},
             {"image", history_image(record)},
             {"begunAt", utc_text(record.began)},
             {"endedAt", nullptr},
             {"durationMs", nullptr},
             {"peakMemoryBytes", nullptr}};
  if (record.end) value["endedAt"] = utc_text(record.end->ended);
  if (record.end && record.end->error) value["errorKind"] = to_string(record.end->error->code);
  if (result != nullptr) {
    value["verdict"] = to_string(result->verdict);
    if (result->cancel_reason) value["cancelReason"] = to_string(*result->cancel_reason);
    if (result->exit_code) value["exitCode"] = *result->exit_code;
    value["durationMs"] = result->duration.count();
    if (result->peak_memory_bytes) value["peakMemoryBytes"] = *result->peak_memory_bytes;
  }
  return value;
}

json history_run_json(const HistoryRecord& record) {
  json value = history_summary_json(record);
  const RunSpec& spec = record.spec;
  value["owner"] = record.owner;
  value["client"] = spec.caller.client.empty() ? json(nullptr) : json(spec.caller.client);
  value["dependencies"] = spec.dependencies;
  value["workspace"] = spec.workspace ? json(to_string(*spec.workspace)) : json(nullptr);
  value["workspaceFolder"] = spec.writable_folder.empty() ? json(nullptr) : json(spec.writable_folder);
  value["workingDir"] = spec.working_dir.empty() ? json(nullptr) : json(spec.working_dir);
  value["isolation"] = spec.isolation ? json(to_string(*spec.isolation)) : json(nullptr);
  value["pull"] = spec.pull ? json(to_string(*spec.pull)) : json(nullptr);
  value["totalTimeoutMs"] = spec.total_timeout ? json(spec.total_timeout->count()) : json(nullptr);
  value["args"] = record.spec.args;
  value["env"] = record.spec.env;
  value["withheld"] = record.withheld;
  value["program"] = nullptr;
  value["command"] = nullptr;
  if (const auto* source = std::get_if<SourceProgram>(&record.spec.program)) {
    value["program"] = bytes_json(source->text);
    value["program"]["fileName"] = source->file_name;
  } else if (const auto* build = std::get_if<BuildProgram>(&record.spec.program)) {
    value["program"] = bytes_json(build->dockerfile);
    value["program"]["fileName"] = build->dockerfile_name.empty() ? "Dockerfile" : build->dockerfile_name;
    value["contextPath"] = build->context_path;
    value["buildArgs"] = build->arguments;
    value["target"] = build->target.empty() ? json(nullptr) : json(build->target);
    if (build->command) std::visit([&](const auto& command) { value["command"] = command; }, *build->command);
  } else {
    std::visit([&](const auto& command) { value["command"] = command; },
               std::get<CommandProgram>(record.spec.program).command);
  }
  value["programGap"] = to_string(record.gap);
  value["limits"] = record.started ? limits_json(record.started->limits, record.started->network) : json(nullptr);
  value["result"] = record.end && record.end->result ? result_json(*record.end->result) : json(nullptr);
  value["notes"] = record.end && record.end->result ? json(record.end->result->notes) : json::array();
  value["error"] = record.end && record.end->error ? run_error_json(*record.end->error) : json(nullptr);
  value["stdout"] = record.end ? output_json(record.end->out) : json(nullptr);
  value["stderr"] = record.end ? output_json(record.end->err) : json(nullptr);
  return value;
}

}  // namespace dind::frontends
