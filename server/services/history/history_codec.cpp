#include "services/history/history_codec.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "support/json_reader.hpp"
#include "wire/event_codec.hpp"
#include "wire/json_text.hpp"
#include "wire/request_fields.hpp"
#include "wire/run_result_codec.hpp"
#include "wire/run_spec_codec.hpp"

namespace dind {

using nlohmann::json;

std::string encode_asked(const HistoryRecord& record) {
  RunSpec spec = record.spec;
  if (auto* source = std::get_if<SourceProgram>(&spec.program)) source->text.clear();  // it has its own column
  spec.run_id.reset();
  spec.notes.clear();
  return cbor_bytes({{"run", run_spec_record(spec)}, {"withheld", record.withheld}, {"gap", to_string(record.gap)}});
}

bool decode_asked(std::string_view bytes, HistoryRecord& into) {
  const auto value = read_cbor(bytes);
  if (!value) return false;
  RequestFields fields(*value, Sender::own_process);
  fields.require("run", "a request");
  const json* run = fields.find("run");
  fields.texts("withheld", into.withheld);
  std::string gap;
  fields.text("gap", gap);
  if (!fields.end()) return false;
  auto spec = parse_run_spec(*run);
  if (!spec) return false;
  into.spec = *std::move(spec);
  into.gap = program_gap(gap).value_or(ProgramGap::secret);
  return true;
}

std::string encode_started(const HistoryStarted& started) {
  return cbor_bytes({{"name", started.name},
                     {"language", started.language},
                     {"image", started.image},
                     {"limits", limits_record(started.limits, started.network)}});
}

bool decode_started(std::string_view bytes, HistoryStarted& into) {
  const auto value = read_cbor(bytes);
  if (!value) return false;
  RequestFields fields(*value, Sender::own_process);
  fields.text("name", into.name);
  fields.text("language", into.language);
  fields.text("image", into.image);
  fields.require("limits", "the limits in force");
  const json* limits = fields.find("limits");
  return fields.end() && parse_limits(*limits, into.limits, into.network);
}

std::string encode_end(const HistoryEnd& end) {
  if (end.result) return cbor_bytes(outcome_record(*end.result));
  return cbor_bytes(outcome_record(std::unexpected(end.error.value_or(Error{}))));
}

bool decode_end(std::string_view bytes, HistoryEnd& into) {
  const auto value = read_cbor(bytes);
  auto outcome = value ? parse_outcome(*value) : std::nullopt;
  if (!outcome) return false;
  if (*outcome)
    into.result = *std::move(*outcome);
  else
    into.error = std::move(outcome->error());
  return true;
}

}  // namespace dind
