// The events of a run as JSON: api/events.schema.json, without the run's id, which each frontend adds.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"
#include "wire/names.hpp"

namespace dind {

// The name of a state (queued · preparing · started) and its fields (docs/cli.md, --json).
std::string_view state_name(const StateChange& change);
nlohmann::json state_fields(const StateChange& change);

// `GrantedLimits` of api/limits.schema.json.
nlohmann::json limits_json(const Limits& limits, Network network);

// Between processes of dind-executor and in the history: all of the limits, and the state's name in it.
nlohmann::json limits_record(const Limits& limits, Network network);
bool parse_limits(const nlohmann::json& value, Limits& limits, Network& network);
nlohmann::json state_record(const StateChange& change);
// nullopt: `value` is not a state.
std::optional<StateChange> parse_state(const nlohmann::json& value);

}  // namespace dind
