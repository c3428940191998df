#include "frontends/cli/history_report.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "frontends/cli/padded.hpp"
#include "frontends/cli/summary.hpp"
#include "frontends/shared/history_json.hpp"
#include "services/runs/run_logger.hpp"
#include "services/runs/run_title.hpp"
#include "support/text/base64.hpp"
#include "support/text/escape_sequences.hpp"
#include "support/text/utf8.hpp"
#include "support/units.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShortId = 8;
constexpr std::size_t kMaxNameLength = 60;

std::string time_text(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

std::string shortened_words(std::string text, std::size_t most) {
  text = printable(text);
  if (text.size() <= most) return text;
  text.resize(most);
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  return text + "…";
}

std::string outcome(const HistoryRecord& record) {
  if (!record.end) return std::string(to_string(record.state));
  if (record.end->error) return std::string(to_string(record.end->error->code));
  if (!record.end->result) return std::string(to_string(record.state));
  const RunResult& result = *record.end->result;
  std::string text(to_string(result.verdict));
  if (result.exit_code && *result.exit_code != 0) text += ' ' + std::to_string(*result.exit_code);
  return text;
}

// Removes everything that moves a cursor or is not a character.
std::string harmless(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto [code, size, valid, truncated] = first_character(bytes);
    const bool control = (code < 0x20 && code != '\t') || (code >= 0x7F && code < 0xA0);
    text += valid && !control ? bytes.substr(0, size) : "?";
    bytes.remove_prefix(valid ? size : 1);
  }
  return text;
}

// Makes a program's output harmless, so that it can't control the terminal of a person who reads it later. It works
// line by line: an escape sequence without an end removes only its own line.
std::string lines_of(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto line = without_escape_sequences(bytes.substr(0, end));
    // A progress bar overwrites its line: only what it wrote last was visible.
    while (line.ends_with('\r')) line.pop_back();
    if (const auto before = line.rfind('\r'); before != std::string::npos) line.erase(0, before + 1);
    text += harmless(line);
    if (end < bytes.size()) text += '\n';
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
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

// Tells a run from others: nearly every program is called main.py.
std::string what_of(const HistoryRecord& record) {
  auto title = run_title(record.spec);
  const auto* source = std::get_if<SourceProgram>(&record.spec.program);
  if (title.empty() || (source != nullptr && source->file_name.empty()))
    return history_name(record) + (title.empty() ? "" : ": " + title);
  return title;
}

}  // namespace

std::string history_list_text(const std::vector<HistoryRecord>& records, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const auto& record : records) list.push_back(history_summary_json(record));
    return one_line(list);
  }
  if (records.empty()) return "No runs yet\n";
  std::string text = padded("ID", 10) + padded("BEGAN", 21) + padded("FRONTEND", 10) + padded("END", 18) +
                     padded("TIME", 12) + "WHAT\n";
  for (const auto& record : records) {
    const bool timed = record.end && record.end->result;
    text += padded(record.id.substr(0, kShortId), 10) + padded(time_text(record.began), 21) +
            padded(printable(record.frontend), 10) + padded(outcome(record), 18) +
            padded(timed ? format_duration(record.end->result->duration) : "-", 12) +
            shortened_words(what_of(record), kMaxNameLength) + '\n';
  }
  return text;
}

std::string history_run_text(const HistoryRecord& record, bool as_json) {
  if (as_json) return one_line(history_run_json(record));
  std::string text;
  const auto line = [&](const char* title, const std::string& value) {
    if (!value.empty()) text += padded(title, 14) + printable(value) + '\n';
  };
  const HistoryEnd* end = record.end ? &*record.end : nullptr;
  line("run", record.id + (record.run_id != record.id ? "  (run id " + record.run_id + ")" : ""));
  const RunSpec& spec = record.spec;
  line("who",
       record.user + ", " + record.frontend + (spec.caller.client.empty() ? "" : ", client " + spec.caller.client));
  line("began", time_text(record.began));
  line("ended", end != nullptr ? time_text(end->ended) : std::string(to_string(record.state)));
  line("what", history_name(record));
  line("language", history_language(record));
  const auto joined = [](const std::vector<std::string>& parts, const char* between) {
    std::string all;
    for (const auto& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
  };
  line("arguments", joined(spec.args, " "));
  line("dependencies", joined(spec.dependencies, ", "));
  if (spec.workspace) line("workspace", std::string(to_string(*spec.workspace)));
  line("working dir", spec.working_dir);
  if (spec.isolation && (end == nullptr || !end->result)) line("isolation", std::string(to_string(*spec.isolation)));
  if (spec.pull) line("pull", std::string(to_string(*spec.pull)));
  if (spec.total_timeout) line("in all", format_duration(*spec.total_timeout));
  for (const auto& [variable, value] : record.spec.env) line("environment", variable + '=' + value);
  line("image", history_image(record));
  if (end != nullptr && end->result) {
    line("image id", end->result->image_id);
    line("digest", end->result->image_digest.value_or(""));
  }
  if (record.started) {
    line("limits", limits_text(record.started->limits, record.started->network));
  }
  if (end != nullptr && end->error)
    line("error", std::string(to_string(end->error->code)) + ": " + end->error->message);
  if (end != nullptr && end->result) {
    const RunResult& result = *end->result;
    line("result", summary_line(result, record.started ? LimitsInForce(record.started->limits) : std::nullopt));
    if (result.stage != Stage::program) line("ended in", "the stage " + std::string(to_string(result.stage)));
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

std::string history_export_text(const HistoryCopy& copy, const std::string& file, bool as_json) {
  if (as_json) return one_line({{"file", file}, {"runs", copy.runs}});
  return std::to_string(copy.runs) + (copy.runs == 1 ? " run" : " runs") + " written to " + printable(file) + '\n';
}

std::string history_import_text(const HistoryCopy& copy, const std::string& file, bool as_json) {
  if (as_json) return one_line({{"file", file}, {"runs", copy.runs}, {"replaced", copy.replaced}});
  return std::to_string(copy.runs) + (copy.runs == 1 ? " run" : " runs") + " read from " + printable(file) +
         "; they replace the " + std::to_string(copy.replaced) + " that were here\n";
}

}  // namespace dind::frontends::cli
