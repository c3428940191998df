// Answers the requests of the HTTP frontend (docs/http.md), without HTTP itself.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "frontends/http/event_queue.hpp"
#include "frontends/http/gate.hpp"
#include "frontends/http/message.hpp"
#include "frontends/shared/execution.hpp"
#include "services/health/engine_watch.hpp"
#include "services/history/history.hpp"
#include "services/runs/live_runs.hpp"
#include "services/runs/run_service.hpp"
#include "support/async/cancel.hpp"

namespace dind::frontends::http {

struct HttpServices {
  RunService& runs;
  LiveRuns& live;
  EngineWatch& engine;
  History& history;
  std::string version;
  bool enabled = true;  // whether runs are allowed here
};

// Each route of routes.cpp has its handler here. Every request gets an answer; exceptions are bugs.
class Handlers {
 public:
  Handlers(asio::any_io_executor executor, HttpServices services);

  // Calls the handler of the request's route, which must exist. `gone`: the client no longer waits.
  Task<Answer> answer(Request request, Cancel gone);
  // Runs a request that is answered with events: pushes all of them, and closes the queue.
  Task<void> stream(RunRequest run, std::shared_ptr<EventQueue> events, Cancel gone);

  Task<Answer> run_code(Request request, Cancel gone);
  Task<Answer> start_run(Request request, Cancel gone);
  Task<Answer> list_runs(Request request, Cancel gone);
  Task<Answer> show_run(Request request, Cancel gone);
  Task<Answer> cancel_run(Request request, Cancel gone);
  Task<Answer> live(Request request, Cancel gone);
  Task<Answer> ready(Request request, Cancel gone);  // whether a run that comes now could begin
  Task<Answer> metrics(Request request, Cancel gone);
  Task<Answer> describe(Request request, Cancel gone);

 private:
  // Asks the engine at most once a second, however many requests want to know.
  Task<bool> engine_up();

  asio::any_io_executor executor_;
  HttpServices services_;
  Signal looked_;
  bool looking_ = false;
  std::optional<Deadline> looked_at_;
  bool up_ = false;
};

// Why there is no result, and what the program had written.
Reply not_run(const NotRun& run);

// Parses the body of a request. Errors (invalid_request): it is not JSON, or exceeds the bounds of `read_json`.
Result<nlohmann::json> parse_body(std::string_view body);

// POST /execute: the request and reply of the guide.
Task<Reply> execute_code(asio::any_io_executor executor, HttpServices& services, Request request, Cancel gone);

}  // namespace dind::frontends::http
