#include "wire/event_codec.hpp"

#include <nlohmann/json.hpp>

#include "wire/field_writer.hpp"
#include "wire/request_fields.hpp"

namespace dind {
namespace {

using nlohmann::json;

// Clients get the first five. `whole`: a record has all of them.
template <typename Fields, typename Of, typename To>
void granted_limits_fields(Fields& fields, Of& limits, To& network, bool whole) {
  fields.milliseconds("timeoutMs", limits.timeout);
  fields.whole("memoryBytes", limits.memory_bytes);
  fields.number("cpus", limits.cpus);
  fields.whole("pids", limits.pids);
  fields.choice("network", network);
  if (!whole) return;
  fields.whole("tmpBytes", limits.tmp_bytes);
  fields.whole("openFiles", limits.open_files);
  fields.whole("fileBytes", limits.file_bytes);
  fields.whole("outputBytes", limits.output_bytes);
}

template <typename Fields, typename Of>
void queued_fields(Fields& fields, Of& queued) {
  fields.whole("position", queued.position);
}

template <typename Fields, typename Of>
void preparing_fields(Fields& fields, Of& preparing) {
  fields.choice("stage", preparing.stage);
  fields.text("message", preparing.message);
  fields.whole("percent", preparing.percent);
}

template <typename Fields, typename Of>
void started_fields(Fields& fields, Of& started, bool whole) {
  fields.text("runId", started.run_id);
  fields.text("name", started.name);
  fields.text("language", started.language);
  fields.text("image", started.image);
  fields.text("isolation", started.isolation);
  fields.object("limits", [&](auto& inner) { granted_limits_fields(inner, started.limits, started.network, whole); });
  fields.texts("notes", started.notes);
}

json written(const StateChange& change, bool whole) {
  if (const auto* preparing = std::get_if<Preparing>(&change)) {
    FieldWriter fields;  // `percent` is left out if it is not known
    preparing_fields(fields, *preparing);
    fields.set("message", preparing->message);
    return fields.take();
  }
  FieldWriter fields(Absent::null);
  if (const auto* queued = std::get_if<Queued>(&change))
    queued_fields(fields, *queued);
  else
    started_fields(fields, std::get<Started>(change), whole);
  return fields.take();
}

}  // namespace

std::string_view to_string(Channel channel) { return channel == Channel::out ? "stdout" : "stderr"; }

std::string_view state_name(const StateChange& change) {
  return std::holds_alternative<Queued>(change)      ? "queued"
         : std::holds_alternative<Preparing>(change) ? "preparing"
                                                     : "started";
}

json state_fields(const StateChange& change) { return written(change, false); }

json limits_json(const Limits& limits, Network network) {
  FieldWriter fields;
  granted_limits_fields(fields, limits, network, false);
  return fields.take();
}

json limits_record(const Limits& limits, Network network) {
  FieldWriter fields;
  granted_limits_fields(fields, limits, network, true);
  return fields.take();
}

bool parse_limits(const json& value, Limits& limits, Network& network) {
  RequestFields fields(value, Sender::own_process);
  granted_limits_fields(fields, limits, network, true);
  return fields.end().has_value();
}

json state_record(const StateChange& change) {
  json value = written(change, true);
  value["state"] = state_name(change);
  return value;
}

std::optional<StateChange> parse_state(const json& value) {
  RequestFields fields(value, Sender::own_process);
  std::string state;
  fields.text("state", state);
  StateChange change;
  if (state == "queued")
    queued_fields(fields, change.emplace<Queued>());
  else if (state == "preparing")
    preparing_fields(fields, change.emplace<Preparing>());
  else if (state == "started")
    started_fields(fields, change.emplace<Started>(), true);
  else
    return std::nullopt;
  if (!fields.end()) return std::nullopt;
  return change;
}

}  // namespace dind
