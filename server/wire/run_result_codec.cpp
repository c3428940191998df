#include "wire/run_result_codec.hpp"

#include <nlohmann/json.hpp>

#include "wire/error_codec.hpp"
#include "wire/field_writer.hpp"
#include "wire/request_fields.hpp"

namespace dind {
namespace {

using nlohmann::json;

// One line for each field of RunResultFields.
template <typename Fields, typename Of>
void result_fields(Fields& fields, Of& result) {
  fields.text("runId", result.run_id);
  fields.choice("verdict", result.verdict);
  fields.whole("exitCode", result.exit_code);
  fields.whole("signal", result.signal);
  fields.milliseconds("durationMs", result.duration);
  fields.milliseconds("cpuMs", result.cpu);
  fields.whole("peakMemoryBytes", result.peak_memory_bytes);
  fields.flag("oomSeen", result.oom_seen);
  fields.whole("stdoutBytes", result.stdout_bytes);
  fields.whole("stderrBytes", result.stderr_bytes);
  fields.whole("droppedBytes", result.dropped_bytes);
  fields.text("image", result.image);
  fields.text("imageId", result.image_id);
  fields.text("imageDigest", result.image_digest);
  fields.text("isolation", result.isolation);
  fields.choice("stage", result.stage);
  fields.non_empty_text("builder", result.builder);
}

}  // namespace

json result_json(const RunResult& result) {
  FieldWriter fields(Absent::null);
  result_fields(fields, result);
  return fields.take();
}

void add_notes(json& value, const RunResult& result) { value["notes"] = result.notes; }

void add_cancel_reason(json& value, const RunResult& result) {
  value["cancelReason"] = result.cancel_reason ? json(to_string(*result.cancel_reason)) : json(nullptr);
}

json result_record(const RunResult& result) {
  json value = result_json(result);
  add_notes(value, result);
  add_cancel_reason(value, result);
  return value;
}

std::optional<RunResult> parse_result(const json& value) {
  RequestFields fields(value, Sender::own_process);
  RunResult result;
  fields.require("verdict", "how the run ended");
  result_fields(fields, result);
  fields.texts("notes", result.notes);
  fields.choice("cancelReason", result.cancel_reason);
  if (!fields.end()) return std::nullopt;
  return result;
}

json outcome_record(const Result<RunResult>& outcome) {
  if (outcome) return {{"result", result_record(*outcome)}};
  return {{"error", error_record(outcome.error())}};
}

std::optional<Result<RunResult>> parse_outcome(const json& value) {
  RequestFields fields(value, Sender::own_process);
  const json* result = fields.find("result");
  const json* error = fields.find("error");
  if (!fields.end() || (result == nullptr) == (error == nullptr)) return std::nullopt;
  if (result != nullptr) {
    auto read = parse_result(*result);
    if (!read) return std::nullopt;
    return *std::move(read);
  }
  auto read = parse_error(*error);
  if (!read) return std::nullopt;
  return std::unexpected(*std::move(read));
}

}  // namespace dind
