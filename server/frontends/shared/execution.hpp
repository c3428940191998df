// Runs one request to its result and keeps the output, for frontends that answer with both.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "domain/output_capture.hpp"
#include "frontends/shared/memory_budget.hpp"
#include "services/runs/run_service.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "wire/run_spec_codec.hpp"

namespace dind::frontends {

struct KeptRun {
  RunResult result;
  std::optional<Limits> limits;  // in force; nullopt: the program never began
  KeptHead out, err;
  bool streamed = false;               // all output was sent as it came, so none of it is missing
  std::shared_ptr<BudgetShare> share;  // part of the budget for kept output of all runs; null: not counted
};

// Why there is no result, and what the program had written until then.
struct NotRun {
  Error error;
  std::string run_id;
  bool stopped = false;  // by the shutdown of this process: another process may run it
  bool began = false;    // the program had begun, so a second run repeats what it did
  std::optional<Limits> limits;
  KeptHead out, err;
  std::shared_ptr<BudgetShare> share = std::make_shared<BudgetShare>(kept_output());  // as in KeptRun
};

// Runs `request` to its end. `live` receives states and output as they come; it may be null. It must outlive the call.
// Errors: those of RunService. An exception becomes the error `internal`.
Task<std::expected<KeptRun, NotRun>> execute(asio::any_io_executor executor, RunService& service, RunRequest request,
                                             EventSink* live, Cancel cancel);

// Estimates the size as JSON in bytes. A control character takes six bytes.
std::size_t json_bytes(const KeptRun& run);

// For a reply that gets no memory (`room_for_reply`): the client still learns how its run ended.
NotRun without_room(const KeptRun& run);
Error no_room(const std::string& what_was_done);

// `ExecutionResult` of docs/rpc.md.
nlohmann::json kept_run_json(const KeptRun& run);

// For a run that the shutdown of this process prevented or ended: the error kind on the wire, and the HTTP status.
inline constexpr const char* kShuttingDown = "shutting_down";
inline constexpr int kShuttingDownStatus = 503;

// The error's data (docs/rpc.md): { kind, message, httpStatus, runId, began, stdout, stderr, … }.
nlohmann::json not_run_json(const NotRun& run);

// stdout or stderr as text. Bytes that are not UTF-8 become U+FFFD. `left_out`: output bytes that are not in the text.
struct KeptText {
  std::string text;
  std::uint64_t left_out = 0;
};
KeptText kept_text(const KeptHead& head);

}  // namespace dind::frontends
