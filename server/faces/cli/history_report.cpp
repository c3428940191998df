#include "faces/cli/history_report.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "faces/cli/summary.hpp"
#include "faces/run_json.hpp"
#include "services/logged_runs.hpp"
#include "support/base64.hpp"
#include "support/units.hpp"

namespace dind::faces::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShortId = 8;
constexpr std::size_t kLongestName = 60;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string time_text(std::int64_t ms, bool utc) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  if (utc)
    gmtime_r(&seconds, &parts);
  else
    localtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
  if (!utc) return text;
  const auto rest = std::to_string(1000 + ms % 1000).substr(1);
  return std::string(text) + '.' + rest + 'Z';
}

// The file's name, or the command.
std::string what(const HistoryRecord& record) {
  if (const auto* source = std::get_if<SourceProgram>(&record.spec.program)) {
    if (!source->file_name.empty()) return source->file_name;
    return record.started && !record.started->name.empty() ? record.started->name : "-";
  }
  if (const auto* build = std::get_if<BuildProgram>(&record.spec.program))
    return "Dockerfile" + (build->context_path.empty() ? "" : " with " + build->context_path);
  const auto& command = std::get<CommandProgram>(record.spec.program).command;
  if (const auto* line = std::get_if<std::string>(&command)) return *line;
  std::string text;
  for (const auto& part : std::get<std::vector<std::string>>(command)) text += (text.empty() ? "" : " ") + part;
  return text;
}

std::string language(const HistoryRecord& record) {
  if (record.started) return record.started->language;
  const auto* source = std::get_if<SourceProgram>(&record.spec.program);
  return source != nullptr ? source->language.value_or("") : "";
}

std::string image(const HistoryRecord& record) {
  if (record.end && record.end->result && !record.end->result->image.empty()) return record.end->result->image;
  return record.started ? record.started->image : record.spec.image.value_or("");
}

std::string shortened(std::string text, std::size_t most) {
  text = printable(text);
  if (text.size() <= most) return text;
  text.resize(most);
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  return text + "…";
}

std::string outcome(const HistoryRecord& record) {
  if (!record.end) return std::string(name(record.state));
  if (record.end->error) return std::string(name(record.end->error->code));
  if (!record.end->result) return std::string(name(record.state));
  const RunResult& result = *record.end->result;
  std::string text(name(result.verdict));
  if (result.exit_code && *result.exit_code != 0) text += ' ' + std::to_string(*result.exit_code);
  return text;
}

// { text } or { base64 }
json bytes_json(const std::string& bytes) {
  return is_utf8(bytes) ? json{{"text", bytes}} : json{{"base64", base64(bytes)}};
}

json output_json(const KeptOutput& output) {
  return {{"head", bytes_json(output.head)}, {"tail", bytes_json(output.tail)}, {"leftOutBytes", output.left_out}};
}

json summary_json(const HistoryRecord& record) {
  const RunResult* result = record.end && record.end->result ? &*record.end->result : nullptr;
  json value{{"id", record.id},
             {"runId", record.run_id},
             {"user", record.user},
             {"face", record.face},
             {"state", name(record.state)},
             {"verdict", nullptr},
             {"exitCode", nullptr},
             {"errorKind", nullptr},
             {"name", what(record)},
             {"language", language(record)},
             {"image", image(record)},
             {"begunAt", time_text(record.began, true)},
             {"endedAt", nullptr},
             {"durationMs", nullptr},
             {"peakMemoryBytes", nullptr}};
  if (record.end) value["endedAt"] = time_text(record.end->ended, true);
  if (record.end && record.end->error) value["errorKind"] = name(record.end->error->code);
  if (result != nullptr) {
    value["verdict"] = name(result->verdict);
    if (result->exit_code) value["exitCode"] = *result->exit_code;
    value["durationMs"] = result->duration.count();
    if (result->peak_memory_bytes) value["peakMemoryBytes"] = *result->peak_memory_bytes;
  }
  return value;
}

std::string_view name(ProgramGap gap) {
  return gap == ProgramGap::none ? "none" : gap == ProgramGap::too_large ? "too_large" : "secret";
}

std::string run_json_line(const HistoryRecord& record) {
  json value = summary_json(record);
  const RunSpec& spec = record.spec;
  value["owner"] = record.owner;
  value["client"] = spec.client.empty() ? json(nullptr) : json(spec.client);
  value["requirements"] = spec.requirements;
  value["workspace"] = spec.workspace ? json(name(*spec.workspace)) : json(nullptr);
  value["workingDir"] = spec.working_dir.empty() ? json(nullptr) : json(spec.working_dir);
  value["isolation"] = spec.isolation ? json(name(*spec.isolation)) : json(nullptr);
  value["pull"] = spec.pull ? json(name(*spec.pull)) : json(nullptr);
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
    value["program"]["fileName"] = "Dockerfile";
    value["contextPath"] = build->context_path;
    if (build->command) std::visit([&](const auto& command) { value["command"] = command; }, *build->command);
  } else {
    std::visit([&](const auto& command) { value["command"] = command; },
               std::get<CommandProgram>(record.spec.program).command);
  }
  value["programGap"] = name(record.gap);
  value["limits"] = record.started ? limits_json(record.started->limits, record.started->network) : json(nullptr);
  value["result"] = record.end && record.end->result ? result_json(*record.end->result) : json(nullptr);
  value["notes"] = record.end && record.end->result ? json(record.end->result->notes) : json::array();
  value["error"] = record.end && record.end->error ? error_json(*record.end->error) : json(nullptr);
  value["stdout"] = record.end ? output_json(record.end->out) : json(nullptr);
  value["stderr"] = record.end ? output_json(record.end->err) : json(nullptr);
  return one_line(value);
}

// A program's output must not steer the terminal of whoever looks at it later.
std::string lines_of(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    std::size_t length = 1;
    while (length < 4 && !is_utf8(bytes.substr(0, length))) ++length;
    if (!is_utf8(bytes.substr(0, length))) length = 1;
    const auto character = bytes.substr(0, length);
    bytes.remove_prefix(length);
    const auto first = static_cast<unsigned char>(character.front());
    const bool control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f ||
                         (first == 0xc2 && length == 2 && static_cast<unsigned char>(character[1]) < 0xa0);
    if (first == '\r') continue;
    if (control || (length == 1 && first >= 0x80))
      text += '?';
    else
      text += character;
  }
  return text;
}

std::string output_text(const char* title, const KeptOutput& output) {
  if (output.head.empty()) return {};
  std::string text = std::string("\n") + title + '\n' + lines_of(output.head);
  if (output.left_out > 0) {
    if (!text.ends_with('\n')) text += '\n';
    text += "… " + format_bytes(static_cast<std::int64_t>(output.left_out)) + " not kept …\n";
  }
  text += lines_of(output.tail);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace

std::string history_list_text(const std::vector<HistoryRecord>& records, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const auto& record : records) list.push_back(summary_json(record));
    return one_line(list);
  }
  if (records.empty()) return "No runs yet\n";
  std::string text =
      padded("ID", 10) + padded("BEGAN", 21) + padded("FACE", 8) + padded("END", 18) + padded("TIME", 12) + "WHAT\n";
  for (const auto& record : records) {
    const bool timed = record.end && record.end->result;
    text += padded(record.id.substr(0, kShortId), 10) + padded(time_text(record.began, false), 21) +
            padded(printable(record.face), 8) + padded(outcome(record), 18) +
            padded(timed ? format_duration(record.end->result->duration) : "-", 12) +
            shortened(what(record), kLongestName) + '\n';
  }
  return text;
}

std::string history_run_text(const HistoryRecord& record, bool as_json) {
  if (as_json) return run_json_line(record);
  std::string text;
  const auto line = [&](const char* title, const std::string& value) {
    if (!value.empty()) text += padded(title, 14) + printable(value) + '\n';
  };
  const HistoryEnd* end = record.end ? &*record.end : nullptr;
  line("run", record.id + (record.run_id != record.id ? "  (run id " + record.run_id + ")" : ""));
  const RunSpec& spec = record.spec;
  line("who", record.user + ", " + record.face + (spec.client.empty() ? "" : ", client " + spec.client));
  line("began", time_text(record.began, false));
  line("ended", end != nullptr ? time_text(end->ended, false) : std::string(name(record.state)));
  line("what", what(record));
  line("language", language(record));
  const auto joined = [](const std::vector<std::string>& parts, const char* between) {
    std::string all;
    for (const auto& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
  };
  line("arguments", joined(spec.args, " "));
  line("requirements", joined(spec.requirements, ", "));
  if (spec.workspace) line("workspace", std::string(name(*spec.workspace)));
  line("working dir", spec.working_dir);
  if (spec.isolation && (end == nullptr || !end->result)) line("isolation", std::string(name(*spec.isolation)));
  if (spec.pull) line("pull", std::string(name(*spec.pull)));
  if (spec.total_timeout) line("in all", format_duration(*spec.total_timeout));
  for (const auto& [variable, value] : record.spec.env) line("environment", variable + '=' + value);
  line("image", image(record));
  if (end != nullptr && end->result) {
    line("image id", end->result->image_id);
    line("digest", end->result->image_digest.value_or(""));
  }
  if (record.started) {
    line("limits", limits_text(record.started->limits, record.started->network));
  }
  if (end != nullptr && end->error) line("error", std::string(name(end->error->code)) + ": " + end->error->message);
  if (end != nullptr && end->result) {
    const RunResult& result = *end->result;
    line("result", summary_line(result));
    if (result.stage != Stage::program) line("ended in", "the stage " + std::string(name(result.stage)));
    line("isolation", result.isolation);
    line("builder", result.builder);
    if (result.cpu)
      line("CPU time", format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(*result.cpu)));
    line("written", format_bytes(static_cast<std::int64_t>(result.stdout_bytes)) + " on stdout, " +
                        format_bytes(static_cast<std::int64_t>(result.stderr_bytes)) + " on stderr");
  }
  if (end != nullptr) text += output_text("stdout:", end->out) + output_text("stderr:", end->err);
  return text;
}

std::string history_prune_text(const PruneReport& report, bool as_json) {
  if (as_json)
    return one_line({{"dryRun", report.dry_run},
                     {"removed", report.removed},
                     {"removedBytes", report.bytes},
                     {"left", report.left}});
  const std::string runs = std::to_string(report.removed) + (report.removed == 1 ? " run" : " runs");
  return runs + (report.dry_run ? " would be forgotten" : " forgotten") +
         (report.bytes > 0 ? ", " + format_bytes(report.bytes) : "") + "; " + std::to_string(report.left) +
         (report.dry_run ? " would be left\n" : " left\n");
}

}  // namespace dind::faces::cli
