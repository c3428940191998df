// One run from a request to its result with the output kept, for faces that answer with both.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "frontends/memory_budget.hpp"
#include "frontends/run_request_json.hpp"
#include "services/run_service.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::frontends {

// The beginning of a channel's bytes, and how many followed.
struct KeptHead {
  std::string bytes;
  std::uint64_t left_out = 0;
};

struct KeptRun {
  RunResult result;
  std::optional<Limits> limits;  // those in force; none: the program never began
  KeptHead out, err;
  bool streamed = false;               // all of it went out as it came: none of it is missing
  std::shared_ptr<BudgetShare> share;  // of the output that all runs keep together; null: not counted
};

// Why there is no result, and what the program had written until then.
struct NotRun {
  Error error;
  std::string run_id;
  bool stopped = false;  // by the stop of this process: another one may run it
  bool began = false;    // the program had begun: running it again repeats what it did
  std::optional<Limits> limits;
  KeptHead out, err;
  std::shared_ptr<BudgetShare> share = std::make_shared<BudgetShare>(kept_output());  // as in KeptRun
  bool starved = false;                                                               // that was used up
};

// Runs `request` to its end. `live` hears states and output as they come, null: nobody does. It must outlive the call.
// Errors: those of RunService; an exception on the way is internal.
Task<std::expected<KeptRun, NotRun>> execute(asio::any_io_executor executor, RunService& service, RunRequest request,
                                             EventSink* live, Cancel cancel);

// About how many bytes it takes as JSON: a control character takes six.
std::size_t json_bytes(const KeptRun& run);

// Where no room was found for a reply (`room_for_reply`), and none of a run's is lost silently.
NotRun without_room(const KeptRun& run);
Error no_room(const std::string& what_was_done);

// `ExecutionResult` of docs/rpc.md.
nlohmann::json kept_run_json(const KeptRun& run);

// Of one that the stop of this process kept from its end: the kind on the wire, and the HTTP status.
inline constexpr const char* kShuttingDown = "shutting_down";
inline constexpr int kShuttingDownStatus = 503;

// The error's data (docs/rpc.md): { kind, message, httpStatus, runId, began, stdout, stderr, … }.
nlohmann::json not_run_json(const NotRun& run);

// stdout, or stderr, as text; bytes that are no UTF-8 become U+FFFD. `left_out`: bytes of it that are not in the text.
struct KeptText {
  std::string text;
  std::uint64_t left_out = 0;
};
KeptText kept_text(const KeptHead& head);

}  // namespace dind::frontends
