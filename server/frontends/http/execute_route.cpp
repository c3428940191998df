#include <nlohmann/json.hpp>

#include "dind/exit_code.hpp"
#include "dind/patterns.hpp"
#include "frontends/http/handlers.hpp"
#include "frontends/shared/ending.hpp"
#include "frontends/shared/execution.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/ids.hpp"
#include "support/text/shortened.hpp"
#include "wire/json_text.hpp"
#include "wire/run_spec_codec.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto kWhyTime = 1500ms;
constexpr const char* kUnavailable = "Code execution service is not available";

Result<ExecuteRequest> read_execute_body(const std::string& body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  return read_execute(*parsed);
}

// Any language but Python uses its recipe. The timeout is the total timeout, as in the other patterns.
RunSpec spec_for(ExecuteRequest request, std::string recipe) {
  if (recipe == "python")
    return dind::to_run_spec(PythonCode{.code = std::move(request.code), .timeout = request.timeout});
  RunSpec spec;
  spec.program = SourceProgram{.file_name = {}, .text = std::move(request.code), .language = std::move(recipe)};
  spec.limits.timeout = request.timeout;
  spec.total_timeout = request.timeout;
  return spec;
}

Reply unsupported(const std::string& language) {
  std::string ids;
  for (const auto& each : language_list()) ids += (ids.empty() ? "" : ", ") + each.id;
  return detail(
      {ErrorCode::unsupported_language, "Unsupported language: " + shortened(language, 80) + ". Supported: " + ids});
}

// Uses the words and statuses of the guide, and adds the reason. An error that is not a fault of dind-executor or of
// the engine has the same status as everywhere.
Reply refusal(const NotRun& run) {
  const auto code = run.error.code;
  const bool unavailable = code == ErrorCode::engine_unavailable || code == ErrorCode::disabled;
  const bool fault = code == ErrorCode::engine_error || code == ErrorCode::internal;
  Reply reply = not_run(run);
  if (fault && !run.stopped) reply.status = 500;
  json error = not_run_json(run);
  error["httpStatus"] = reply.status;
  reply.body = one_line({{"detail", unavailable ? kUnavailable : run.error.message}, {"error", std::move(error)}});
  return reply;
}

// The total timeout passed before the run got a slot. Nothing of it ran, and another server may have a slot.
Reply waited_in_vain(const KeptRun& run) {
  const Error error{ErrorCode::busy,
                    "The run did not begin: " + ending_line(run.result, run.limits) + ". Try again later"};
  Reply reply = refusal({.error = error, .run_id = run.result.run_id, .limits = {}, .out = {}, .err = {}});
  json body = json::parse(reply.body);
  reply.status = 503;
  body["error"]["httpStatus"] = reply.status;
  reply.body = one_line(body);
  return reply;
}

// stderr, followed by a line from dind-executor if there is something to say. A program that was ended has rarely said
// why. The caller must also learn about output that is left out, and about limits that differ from the requested ones.
std::string errors_of(const KeptRun& run) {
  auto errors = kept_text(run.err);
  const auto left_out = kept_text(run.out).left_out + errors.left_out;
  const std::string line = ending_line(run.result, run.limits, left_out);
  if (line.empty()) return std::move(errors.text);
  if (!errors.text.empty() && !errors.text.ends_with('\n')) errors.text += '\n';
  return errors.text + "dind-executor: " + line + '\n';
}

}  // namespace

Task<Reply> execute_code(asio::any_io_executor executor, HttpServices& services, Request request, Cancel gone) {
  auto asked = read_execute_body(std::exchange(request.body, {}));
  if (!asked) co_return detail(422, asked.error().message);
  if (!services.enabled || services.runs.closing().cancelled()) {
    // The run service refuses the request below and counts it. The engine is not asked, because it may be stopping too.
  } else if (const auto engine = co_await services.engine.look(in(kWhyTime)); !engine.reachable) {
    const std::string why = engine.message.empty() ? "The engine does not answer" : engine.message;
    services.live.count_refused(ErrorCode::engine_unavailable);
    co_return refusal({.error = {ErrorCode::engine_unavailable, why}, .run_id = random_id(), .out = {}, .err = {}});
  }
  const auto recipe = runnable_language(asked->language, "", "");
  if (!recipe) co_return unsupported(asked->language);
  const bool record = asked->record;
  RunRequest run{.spec = spec_for(std::move(*asked), *recipe)};
  run.spec.terms = Terms::execute;
  run.spec.record = record;
  run.spec.queue_counts = false;
  run.spec.caller = std::move(request.caller);
  const auto kept = co_await execute(executor, services.runs, std::move(run), nullptr, gone);
  if (!kept) co_return refusal(kept.error());
  if (kept->result.verdict == Verdict::timeout && kept->result.stage == Stage::queue) co_return waited_in_vain(*kept);
  auto room = co_await room_for_reply(executor, json_bytes(*kept), gone);
  if (!room) co_return refusal(without_room(*kept));
  co_return Reply{.body = one_line({{"success", returncode(kept->result) == 0},
                                    {"output", kept_text(kept->out).text},
                                    {"error", errors_of(*kept)}}),
                  .hold = std::move(room)};
}

}  // namespace dind::frontends::http
