#include "frontends/http/routes.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "frontends/history_json.hpp"
#include "frontends/http/metrics_text.hpp"
#include "frontends/http/openapi.hpp"
#include "frontends/run_json.hpp"
#include "frontends/shared/execution.hpp"
#include "support/ids.hpp"
#include "support/json_reader.hpp"
#include "support/text/shortened.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto kEngineTime = 1500ms;
constexpr auto kEngineProbeInterval = 1s;
constexpr std::size_t kUsualList = 50;
constexpr std::size_t kMaxListEntries = 1000;
constexpr std::string_view kRun = "/runs/";  // followed by a run's id

Reply json_reply(const json& body) { return {.status = 200, .body = one_line(body)}; }

// The history may have the same run, or not yet. Both have the same fields (docs/http.md).
json live_json(const LiveRun& run) {
  return {{"id", run.run_id},        {"runId", run.run_id},
          {"state", "running"},      {"phase", name(run.phase)},
          {"name", run.name},        {"language", run.language},
          {"image", run.image},      {"begunAt", utc_text(run.began_ms)},
          {"verdict", nullptr},      {"face", run.face},
          {"what", run.what},        {"user", nullptr},
          {"exitCode", nullptr},     {"errorKind", nullptr},
          {"cancelReason", nullptr}, {"endedAt", nullptr},
          {"durationMs", nullptr},   {"peakMemoryBytes", nullptr}};
}

Result<std::size_t> limit_of(std::string_view query) {
  std::size_t limit = kUsualList;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    constexpr std::string_view kName = "limit=";
    if (!part.starts_with(kName))
      return fail(ErrorCode::invalid_request, "unknown parameter \"" + shortened(part, 60) + "\"; supported: limit");
    const auto digits = part.substr(kName.size());
    const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), limit);
    if (problem != std::errc{} || rest != digits.data() + digits.size() || limit < 1 || limit > kMaxListEntries)
      return fail(ErrorCode::invalid_request, "limit must be a whole number from 1 to 1000");
  }
  return limit;
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

Routes::Routes(asio::any_io_executor executor, HttpServices services)
    : executor_(executor), services_(std::move(services)), looked_(executor) {}

std::string Routes::methods_of(std::string_view path) {
  if (path == "/execute") return "OPTIONS, POST";
  if (path == "/runs") return "GET, HEAD, OPTIONS, POST";
  if (is_probe(path) || path == "/metrics" || path == "/openapi.json") return "GET, HEAD, OPTIONS";
  if (path.starts_with(kRun) && path.size() > kRun.size() && !path.substr(kRun.size()).contains('/'))
    return "DELETE, GET, HEAD, OPTIONS";
  return {};
}

std::optional<Reply> Routes::refuse(std::string_view method, std::string_view path) {
  const std::string methods = methods_of(path);
  if (methods.empty()) return detail(404, "There is nothing at this path; /openapi.json lists what there is");
  if ((", " + methods + ',').contains(", " + std::string(method) + ',')) return std::nullopt;
  Reply reply = detail(405, "This path takes " + methods);
  reply.fields.emplace_back("Allow", methods);
  return reply;
}

Task<Answer> Routes::answer(Request request, Cancel gone) {
  const std::string& path = request.path;
  if (path == "/execute") co_return co_await execute_code(executor_, services_, std::move(request), std::move(gone));
  if (path == "/livez") co_return json_reply({{"status", "ok"}});
  if (is_probe(path)) co_return co_await readiness();
  if (path == "/metrics") co_return co_await metrics();
  if (path == "/openapi.json") co_return Reply{.body = openapi_document(services_.version)};
  if (path == "/runs") {
    if (request.method == "POST") co_return co_await start_run(std::move(request), std::move(gone));
    co_return co_await list_runs(std::move(request.query), std::move(request.caller), std::move(gone));
  }
  std::string id = path.substr(kRun.size());
  if (request.method == "DELETE") co_return cancel_run(id, request.caller);
  co_return co_await show_run(std::move(id), std::move(request.caller), std::move(gone));
}

Task<Answer> Routes::start_run(Request request, Cancel gone) {
  auto run = read_run_body(std::exchange(request.body, {}));  // so that the body is not kept during the run
  if (!run) co_return detail(run.error());
  if (!run->spec.run_id) run->spec.run_id = random_id();
  run->spec.client = std::move(request.caller.name);
  if (request.wants_events) co_return std::move(*run);
  const auto kept = co_await execute(executor_, services_.runs, std::move(*run), nullptr, gone);
  if (!kept) co_return not_run(kept.error());
  auto room = co_await room_for_reply(executor_, json_bytes(*kept), gone);
  if (!room) co_return not_run(without_room(*kept));
  auto reply = json_reply(kept_run_json(*kept));
  reply.hold = std::move(room);
  co_return reply;
}

Task<void> Routes::stream(RunRequest run, std::shared_ptr<EventQueue> events, Cancel gone) {
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

Task<Reply> Routes::list_runs(std::string query, Caller caller, Cancel gone) {
  const auto limit = limit_of(query);
  if (!limit) co_return detail(limit.error());
  const auto records = co_await services_.history.list(*limit, caller.sees());
  auto room = co_await room_for_reply(executor_, kSummaryBytes * (records ? records->size() : 0), gone);
  if (!room) co_return detail(no_room("The history was read"));
  auto live = live_of(caller);
  json runs = json::array();
  if (records) {
    for (const auto& record : *records) {
      json run = history_summary_json(record);
      const auto found = std::ranges::find(live, record.run_id, &LiveRun::run_id);
      if (!record.end && found != live.end()) {
        run["phase"] = name(found->phase);
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

std::vector<LiveRun> Routes::live_of(const Caller& caller) const {
  auto live = services_.runs.list();
  if (!caller.is_operator) std::erase_if(live, [&](const LiveRun& run) { return run.client != caller.name; });
  return live;
}

Task<Reply> Routes::show_run(std::string id, Caller caller, Cancel gone) {
  const auto record = co_await services_.history.find(id, caller.sees());
  auto room = record ? co_await room_for_reply(executor_, kRecordBytes, gone) : nullptr;
  if (record && !room) co_return detail(no_room("The history was read"));
  const bool open = record && !record->end;
  const auto live = live_of(caller);
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
  run["phase"] = name(found->phase);
  co_return held(run);
}

Reply Routes::cancel_run(const std::string& id, const Caller& caller) {
  const auto cancelled = services_.runs.cancel(id, CancelReason::user, caller.sees());
  if (cancelled == 0) return detail(404, "No run with the id " + shortened(id, 80) + " is under way");
  return json_reply({{"cancelled", cancelled}});
}

Task<bool> Routes::engine_up() {
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

Task<Reply> Routes::readiness() {
  if (services_.enabled && !services_.runs.closing().cancelled() && co_await engine_up())
    co_return json_reply({{"status", "ok"}});
  Reply reply = json_reply({{"status", "unavailable"}});
  reply.status = 503;
  co_return reply;
}

Task<Reply> Routes::metrics() {
  Gauges gauges{.warm_sandbox_count = services_.runs.warm_sandbox_count(),
                .engine_up = co_await engine_up(),
                .accepting = services_.enabled && !services_.runs.closing().cancelled(),
                .capacity = services_.runs.capacity(),
                .process = process_figures(),
                .version = services_.version};
  for (const auto& run : services_.runs.list()) {
    ++(run.phase == LiveRun::Phase::queued      ? gauges.queued
       : run.phase == LiveRun::Phase::preparing ? gauges.preparing
                                                : gauges.running);
  }
  co_return Reply{.body = metrics_text(services_.runs.figures(), gauges),
                  .type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace dind::frontends::http
