// Results of runs as JSON: `RunResult` of api/result.schema.json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "dind/error.hpp"
#include "dind/run_event.hpp"

namespace dind {

nlohmann::json result_json(const RunResult& result);

// The fields `notes` and `cancelReason`, which some replies have in addition.
void add_notes(nlohmann::json& value, const RunResult& result);
void add_cancel_reason(nlohmann::json& value, const RunResult& result);

// Between processes of dind-executor and in the history: all of it.
nlohmann::json result_record(const RunResult& result);
// nullopt: `value` is not a result.
std::optional<RunResult> parse_result(const nlohmann::json& value);

// How a run ended: { result } or { error }.
nlohmann::json outcome_record(const Result<RunResult>& outcome);
std::optional<Result<RunResult>> parse_outcome(const nlohmann::json& value);

}  // namespace dind
