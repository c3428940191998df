// One run from a request to its result with the output kept, for faces that answer with both.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "faces/run_request_json.hpp"
#include "services/run_service.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::faces {

// The beginning of a channel's bytes, and how many followed.
struct KeptHead {
  std::string bytes;
  std::uint64_t left_out = 0;
};

struct KeptRun {
  RunResult result;
  KeptHead out, err;
};

// Runs `request` to its end. `live` hears states and output as they come, null: nobody does. It must outlive the call.
// Errors: those of RunService; an exception on the way is internal.
Task<Result<KeptRun>> execute(asio::any_io_executor executor, RunService& service, RunRequest request, EventSink* live,
                              Cancel cancel);

// `ExecutionResult` of docs/rpc.md.
nlohmann::json kept_run_json(const KeptRun& run);

}  // namespace dind::faces
