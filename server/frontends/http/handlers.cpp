#include "frontends/http/handlers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontends/http/metrics_text.hpp"
#include "frontends/http/openapi.hpp"
#include "frontends/http/query.hpp"
#include "frontends/http/routes.hpp"
#include "frontends/shared/execution.hpp"
#include "frontends/shared/history_json.hpp"
#include "support/ids.hpp"
#include "support/json_reader.hpp"
#include "support/text/shortened.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto kEngineTime = 1500ms;
constexpr auto kEngineProbeInterval = 1s;

Reply json_reply(const json& body) { return {.status = 200, .body = one_line(body)}; }

// The history may have the same run, or not yet. Both have the same fields (docs/http.md).
json live_json(const LiveRun& run) {
  return {{"id", run.run_id},        {"runId", run.run_id},
          {"state", "running"},      {"phase", to_string(run.phase)},
          {"name", run.name},        {"language", run.language},
          {"image", run.image},      {"begunAt", utc_text(run.began_ms)},
          {"verdict", nullptr},      {"frontend", run.frontend},
          {"what", run.what},        {"user", nullptr},
          {"exitCode", nullptr},     {"errorKind", nullptr},
          {"cancelReason", nullptr}, {"endedAt", nullptr},
          {"durationMs", nullptr},   {"peakMemoryBytes", nullptr}};
}

Result<RunRequest> read_run_body(const std::string& body) {
  const auto value = parse_body(body);
  if (!value) return std::unexpected(value.error());
  return read_run(*value);
}

}  // namespace

Result<json> parse_body(std::string_view body) {
  auto value = read_json(body);
  if (!value) return fail(ErrorCode::invalid_request, "The body " + value.error().what);
  return std::move(*value);
}

Reply not_run(const NotRun& run) {
  Reply reply = detail(run.error);
  json error = not_run_json(run);
  reply.status = error["httpStatus"].get<int>();
  if (!error.contains("retryAfter"))
    std::erase_if(reply.fields, [](const auto& field) { return field.first == "Retry-After"; });
  if (run.stopped) reply.fields.emplace_back("Retry-After", std::to_string(error["retryAfter"].get<int>()));
  reply.body = one_line({{"detail", run.error.message}, {"error", std::move(error)}});
  return reply;
}

Handlers::Handlers(asio::any_io_executor executor, HttpServices services)
    : executor_(executor), services_(std::move(services)), looked_(executor) {}

Task<Answer> Handlers::answer(Request request, Cancel gone) {
  const auto found = find_route(request.method, request.path);
  request.id = found->id;
  co_return co_await (this->*found->route->handle)(std::move(request), std::move(gone));
}

Task<Answer> Handlers::run_code(Request request, Cancel gone) {
  co_return co_await execute_code(executor_, services_, std::move(request), std::move(gone));
}

Task<Answer> Handlers::live(Request, Cancel) { co_return json_reply({{"status", "ok"}}); }

Task<Answer> Handlers::describe(Request, Cancel) { co_return Reply{.body = openapi_document(services_.version)}; }

Task<Answer> Handlers::start_run(Request request, Cancel gone) {
  auto run = read_run_body(std::exchange(request.body, {}));  // so that the body is not kept during the run
  if (!run) co_return detail(run.error());
  if (!run->spec.run_id) run->spec.run_id = random_id();
  run->spec.caller = std::move(request.caller);
  if (request.wants_events) co_return std::move(*run);
  const auto kept = co_await execute(executor_, services_.runs, std::move(*run), nullptr, gone);
  if (!kept) co_return not_run(kept.error());
  auto room = co_await room_for_reply(executor_, json_bytes(*kept), gone);
  if (!room) co_return not_run(without_room(*kept));
  auto reply = json_reply(kept_run_json(*kept));
  reply.hold = std::move(room);
  co_return reply;
}

Task<void> Handlers::stream(RunRequest run, std::shared_ptr<EventQueue> events, Cancel gone) {
  HttpEventSink sink(executor_, events, *run.spec.run_id);
  const auto kept = co_await execute(executor_, services_.runs, std::move(run), &sink, gone);
  sink.finish();
  const auto room = kept ? co_await room_for_reply(executor_, json_bytes(*kept), gone) : nullptr;
  if (room)
    events->push("finished", kept_run_json(*kept), room);
  else
    events->push("error", not_run_json(kept ? without_room(*kept) : kept.error()));
  events->close();
}

Task<Answer> Handlers::list_runs(Request request, Cancel gone) {
  const auto limit = parse_limit(request.query);
  const Caller& caller = request.caller;
  if (!limit) co_return detail(limit.error());
  const auto records = co_await services_.history.list(*limit, caller.visible_client());
  auto room = co_await room_for_reply(executor_, kSummaryBytes * (records ? records->size() : 0), gone);
  if (!room) co_return detail(no_room("The history was read"));
  auto live = services_.live.list(caller);
  json runs = json::array();
  if (records) {
    for (const auto& record : *records) {
      json run = history_summary_json(record);
      const auto found = std::ranges::find(live, record.run_id, &LiveRun::run_id);
      if (!record.end && found != live.end()) {
        run["phase"] = to_string(found->phase);
        live.erase(found);
      }
      runs.push_back(std::move(run));
    }
  }
  // Adds the live runs that the history does not have, or not yet.
  json all = json::array();
  for (const auto& run : live)
    if (all.size() < *limit) all.insert(all.begin(), live_json(run));
  for (auto& run : runs)
    if (all.size() < *limit) all.push_back(std::move(run));
  auto reply = json_reply({{"runs", std::move(all)}});
  reply.hold = std::move(room);
  co_return reply;
}

Task<Answer> Handlers::show_run(Request request, Cancel gone) {
  const std::string& id = request.id;
  const Caller& caller = request.caller;
  const auto record = co_await services_.history.find(id, caller.visible_client());
  auto room = record ? co_await room_for_reply(executor_, kRecordBytes, gone) : nullptr;
  if (record && !room) co_return detail(no_room("The history was read"));
  const bool open = record && !record->end;
  const auto live = services_.live.list(caller);
  const auto found = std::ranges::find(live, open ? record->run_id : id, &LiveRun::run_id);
  if (found == live.end() && !record) co_return detail(record.error());
  const auto held = [&](const json& run) {
    auto reply = json_reply(run);
    reply.hold = std::move(room);
    return reply;
  };
  if (found == live.end()) co_return held(history_run_json(*record));
  // A record with an end belongs to an earlier run with the same id.
  json run = open ? history_run_json(*record) : live_json(*found);
  run["phase"] = to_string(found->phase);
  co_return held(run);
}

Task<Answer> Handlers::cancel_run(Request request, Cancel) {
  const auto cancelled = services_.runs.cancel(request.caller, request.id, CancelReason::user);
  if (cancelled == 0) co_return detail(404, "No run with the id " + shortened(request.id, 80) + " is under way");
  co_return json_reply({{"cancelled", cancelled}});
}

Task<bool> Handlers::engine_up() {
  if (looked_at_ && Clock::now() < *looked_at_ + kEngineProbeInterval) co_return up_;
  if (looking_) {
    co_await looked_.wait(in(2 * kEngineTime));
    co_return up_;
  }
  looking_ = true;
  const auto status = co_await services_.engine.look(in(kEngineTime));
  looking_ = false;
  up_ = status.reachable;
  looked_at_ = Clock::now();
  looked_.notify();
  co_return up_;
}

Task<Answer> Handlers::ready(Request, Cancel) {
  if (services_.enabled && !services_.runs.closing().cancelled() && co_await engine_up())
    co_return json_reply({{"status", "ok"}});
  Reply reply = json_reply({{"status", "unavailable"}});
  reply.status = 503;
  co_return reply;
}

Task<Answer> Handlers::metrics(Request, Cancel) {
  Gauges gauges{.warm_sandbox_count = services_.runs.warm_sandbox_count(),
                .engine_up = co_await engine_up(),
                .accepting = services_.enabled && !services_.runs.closing().cancelled(),
                .capacity = services_.runs.capacity(),
                .process = process_figures(),
                .version = services_.version};
  for (const auto& run : services_.live.list()) {
    ++(run.phase == LiveRun::Phase::queued      ? gauges.queued
       : run.phase == LiveRun::Phase::preparing ? gauges.preparing
                                                : gauges.running);
  }
  co_return Reply{.body = metrics_text(services_.live.figures(), gauges),
                  .type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace dind::frontends::http
