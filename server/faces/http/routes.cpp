#include "faces/http/routes.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "faces/execution.hpp"
#include "faces/history_json.hpp"
#include "faces/http/metrics_text.hpp"
#include "faces/http/openapi.hpp"
#include "faces/run_json.hpp"
#include "support/ids.hpp"
#include "support/shortened.hpp"

namespace dind::faces::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr int kDeepest = 64;
constexpr auto kEngineTime = 1500ms;
constexpr auto kLookOften = 1s;
constexpr std::size_t kUsualList = 50;
constexpr std::size_t kLongestList = 1000;
constexpr std::string_view kRun = "/runs/";  // and a run's id

Reply json_reply(const json& body) { return {.status = 200, .body = one_line(body)}; }

// One that the history knows too, or not yet.
json live_json(const LiveRun& run) {
  return {{"id", run.run_id},         {"runId", run.run_id},       {"state", "running"},
          {"phase", name(run.phase)}, {"name", run.name},          {"language", run.language},
          {"image", run.image},       {"begunAtMs", run.began_ms}, {"verdict", nullptr}};
}

Result<std::size_t> limit_of(std::string_view query) {
  std::size_t limit = kUsualList;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    constexpr std::string_view kName = "limit=";
    if (!part.starts_with(kName))
      return fail(ErrorCode::invalid_request, '"' + shortened(part, 60) + "\" is no parameter here; there is: limit");
    const auto digits = part.substr(kName.size());
    const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), limit);
    if (problem != std::errc{} || rest != digits.data() + digits.size() || limit < 1 || limit > kLongestList)
      return fail(ErrorCode::invalid_request, "limit must be a whole number from 1 to 1000");
  }
  return limit;
}

}  // namespace

Result<json> parse_body(std::string_view body) {
  bool too_deep = false;
  const auto bounded = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  json value = json::parse(body, bounded, false);
  if (too_deep) return fail(ErrorCode::invalid_request, "The body is nested more than 64 deep");
  if (value.is_discarded()) return fail(ErrorCode::invalid_request, "The body is not JSON in UTF-8");
  return value;
}

Routes::Routes(asio::any_io_executor executor, HttpServices services)
    : executor_(executor), services_(std::move(services)), looked_(executor) {}

std::string Routes::methods_of(std::string_view path) {
  if (path == "/execute") return "OPTIONS, POST";
  if (path == "/runs") return "GET, HEAD, OPTIONS, POST";
  if (path == "/healthz" || path == "/metrics" || path == "/openapi.json") return "GET, HEAD, OPTIONS";
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
  if (path == "/healthz") co_return co_await health();
  if (path == "/metrics") co_return co_await metrics();
  if (path == "/openapi.json") co_return Reply{.body = openapi_document(services_.version)};
  if (path == "/runs") {
    if (request.method == "POST") co_return co_await start_run(std::move(request), std::move(gone));
    co_return co_await list_runs(std::move(request.query));
  }
  std::string id = path.substr(kRun.size());
  if (request.method == "DELETE") co_return cancel_run(id);
  co_return co_await show_run(std::move(id));
}

Task<Answer> Routes::start_run(Request request, Cancel gone) {
  const auto body = parse_body(request.body);
  if (!body) co_return detail(body.error());
  auto run = read_run(*body);
  if (!run) co_return detail(run.error());
  if (!run->spec.run_id) run->spec.run_id = random_id();
  run->spec.client = std::move(request.client);
  if (request.wants_events) co_return std::move(*run);
  const auto kept = co_await execute(executor_, services_.runs, std::move(*run), nullptr, std::move(gone));
  if (!kept) co_return detail(kept.error());
  co_return json_reply(kept_run_json(*kept));
}

Task<void> Routes::stream(RunRequest run, std::shared_ptr<EventQueue> events, Cancel gone) {
  RunEvents sink(executor_, events, *run.spec.run_id);
  const auto kept = co_await execute(executor_, services_.runs, std::move(run), &sink, std::move(gone));
  sink.finish();
  if (kept)
    events->push("finished", kept_run_json(*kept));
  else
    events->push("error", error_json(kept.error()));
  events->close();
}

Task<Reply> Routes::list_runs(std::string query) {
  const auto limit = limit_of(query);
  if (!limit) co_return detail(limit.error());
  const auto records = co_await services_.history.list(*limit);
  auto live = services_.runs.list();
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
  // What the history does not hold, or not yet.
  json all = json::array();
  for (const auto& run : live)
    if (all.size() < *limit) all.insert(all.begin(), live_json(run));
  for (auto& run : runs)
    if (all.size() < *limit) all.push_back(std::move(run));
  co_return json_reply({{"runs", std::move(all)}});
}

Task<Reply> Routes::show_run(std::string id) {
  const auto record = co_await services_.history.find(id);
  const bool open = record && !record->end;
  const auto live = services_.runs.list();
  const auto found = std::ranges::find(live, open ? record->run_id : id, &LiveRun::run_id);
  if (found == live.end()) co_return record ? json_reply(history_run_json(*record)) : detail(record.error());
  // A record that has ended is of an earlier run with the same id.
  json run = open ? history_run_json(*record) : live_json(*found);
  run["phase"] = name(found->phase);
  co_return json_reply(run);
}

Reply Routes::cancel_run(const std::string& id) {
  const auto cancelled = services_.runs.cancel(id, CancelReason::user);
  if (cancelled == 0) return detail(404, "No run with the id " + shortened(id, 80) + " is under way");
  return json_reply({{"cancelled", cancelled}});
}

Task<bool> Routes::engine_up() {
  if (looked_at_ && Clock::now() < *looked_at_ + kLookOften) co_return up_;
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

Task<Reply> Routes::health() {
  if (services_.enabled && co_await engine_up()) co_return json_reply({{"status", "ok"}});
  Reply reply = json_reply({{"status", "unavailable"}});
  reply.status = 503;
  co_return reply;
}

Task<Reply> Routes::metrics() {
  Gauges gauges{.waiting_sandboxes = services_.runs.waiting_sandboxes(),
                .engine_up = co_await engine_up(),
                .version = services_.version};
  for (const auto& run : services_.runs.list()) {
    ++(run.phase == LiveRun::Phase::queued      ? gauges.queued
       : run.phase == LiveRun::Phase::preparing ? gauges.preparing
                                                : gauges.running);
  }
  co_return Reply{.body = metrics_text(services_.runs.figures(), gauges),
                  .type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace dind::faces::http
