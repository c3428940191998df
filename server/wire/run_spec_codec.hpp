// Requests as JSON: what a client asks for, read into a RunSpec (api/run_request.schema.json). Errors
// (invalid_request) name the field: unknown fields, wrong types, and numbers that no run can have.
#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

inline constexpr std::size_t kKeptOutput = 10U << 20;  // bytes of each of stdout and stderr; the default
inline constexpr std::size_t kMaxKeptOutput = 16U << 20;

struct RunRequest {
  RunSpec spec;
  std::string input;    // the program's stdin
  bool stream = false;  // send states and output as they come
  std::size_t keep = kKeptOutput;
};

using ReadRunRequest = Result<RunRequest> (*)(const nlohmann::json& params);

// run · runPythonCode · runShellScript · runCommand · buildAndRun. nullptr: not a run method.
ReadRunRequest run_method(std::string_view name);

// Reads the params of `run`: the whole RunSpec.
Result<RunRequest> read_run(const nlohmann::json& params);

// The body of POST /execute.
struct ExecuteRequest {
  std::string code;
  std::string language = "python";
  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(60);
  bool record = true;  // false: the history does not record the run
};
Result<ExecuteRequest> read_execute(const nlohmann::json& body);

// Between processes of dind-executor and in the history: the same fields as in `run`, and `internal` with those that no
// client may send. Not included: `keep_warm`, `workspace_root`, `queue_counts` and `terms`, which belong to a process.
nlohmann::json run_spec_record(const RunSpec& spec);
// nullopt: `value` is not such a record.
std::optional<RunSpec> parse_run_spec(const nlohmann::json& value);

}  // namespace dind
