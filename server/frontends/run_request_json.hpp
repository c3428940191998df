// Reads a caller's request from JSON into a RunSpec: the run methods of docs/rpc.md, which docs/http.md uses too.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind::frontends {

inline constexpr std::size_t kKeptOutput = 10U << 20;  // bytes of each of stdout and stderr; the default
inline constexpr std::size_t kMaxKeptOutput = 16U << 20;

struct RunRequest {
  RunSpec spec;
  std::string input;    // the program's stdin
  bool stream = false;  // send states and output as they come
  std::size_t keep = kKeptOutput;
};

// Errors (invalid_request) name the field: unknown fields, wrong types, and numbers that no run can have.
using ReadRunRequest = Result<RunRequest> (*)(const nlohmann::json& params);

// run · runPythonCode · runShellScript · runCommand · buildAndRun. nullptr: not a run method.
ReadRunRequest run_method(std::string_view name);

// Reads the params of `run`: the whole RunSpec.
Result<RunRequest> read_run(const nlohmann::json& params);

}  // namespace dind::frontends
