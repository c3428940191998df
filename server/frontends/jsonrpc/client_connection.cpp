#include "frontends/jsonrpc/client_connection.hpp"

#include <map>

#include "frontends/history_json.hpp"
#include "frontends/jsonrpc/event_sink.hpp"
#include "frontends/request_fields.hpp"
#include "frontends/run_json.hpp"
#include "frontends/shared/execution.hpp"
#include "rpc/connection.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::jsonrpc {

using namespace std::chrono_literals;
using rpc::Json;

namespace {

constexpr int kProtocol = 1;
constexpr int kNotRun = -32000;  // the request could not be done: `data` says why
constexpr auto kEngineTime = 1500ms;
constexpr auto kShutdownTimeout = 8s;
constexpr auto kFlushTime = 1s;
constexpr std::size_t kMaxRuns = 256;  // of one client, including queued runs
constexpr std::int64_t kUsualList = 20;
constexpr std::int64_t kMaxListEntries = 1000;

void refuse(rpc::Reply& reply, int code, const Error& error) { reply.fail({code, error.message, error_json(error)}); }

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(asio::any_io_executor executor, ClientServices services, ClientOptions options)
      : executor_(executor),
        services_(std::move(services)),
        options_(std::move(options)),
        ended_(executor),
        turn_(executor) {}

  Task<bool> serve(Cancel stop) {
    const auto self = shared_from_this();
    connection_ = rpc::Connection::open(
        executor_, options_.in_fd, options_.out_fd,
        {.request = [this](rpc::Request request,
                           rpc::Reply reply) { on_request(std::move(request), std::move(reply)); },
         .notification = [](const rpc::Notification&) {},
         .no_room =
             [] {
               const Error error = no_room_for_body();
               return rpc::Failure{kNotRun, error.message, error_json(error, kNoRoomForBodyStatus)};
             }},
        options_.owns_fds);
    const auto stopped = stop.on_cancel([weak = weak_from_this(), stop] {
      if (const auto alive = weak.lock()) {
        alive->cancel_all(stop.reason().value_or(CancelReason::shutdown));
        alive->connection_->stop();
      }
    });
    if (options_.idle) {
      place_.emplace(options_.idle, [weak = weak_from_this()] {
        if (const auto alive = weak.lock()) alive->connection_->stop();
      });
      place_->waits();
    }
    const auto served = co_await connection_->serve();
    place_.reset();
    if (!served) log(LogLevel::warning, served.error().message);
    cancel_all(CancelReason::client_gone);
    const auto deadline = in(kShutdownTimeout);
    while (!active_.empty() && co_await ended_.wait(deadline)) {
    }
    co_await connection_->flushed(in(kFlushTime));
    co_return served.has_value();
  }

 private:
  // Held by a request while it is open. When the last one is released, the client counts as idle.
  struct Open {
    std::shared_ptr<ClientConnection> session;
    std::shared_ptr<void> work;
    Open(std::shared_ptr<ClientConnection> s, std::shared_ptr<void> w) : session(std::move(s)), work(std::move(w)) {
      ++session->open_;
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() {
      if (--session->open_ == 0 && session->place_) session->place_->waits();
    }
  };
  // `soon`: the request ends by itself within seconds, so the client's next requests can wait for it.
  std::shared_ptr<Open> open(bool soon) {
    return std::make_shared<Open>(shared_from_this(), soon ? connection_->begin_work() : nullptr);
  }

  void on_request(rpc::Request request, rpc::Reply reply) {
    if (place_) place_->works();
    const auto opened = open(false);
    const std::string& method = request.method;
    if (const auto read = run_method(method)) {
      begin_run(read(object_of(request.params)), std::move(reply));
    } else if (method == "run/cancel") {
      cancel_runs(object_of(request.params), std::move(reply));
    } else if (method == "server/info") {
      if (takes_nothing(request.params, reply))
        reply.result({{"name", "dind-executor"},
                      {"version", services_.version},
                      {"protocol", kProtocol},
                      {"enabled", services_.enabled}});
    } else if (method == "engine/status") {
      if (takes_nothing(request.params, reply))
        spawn(executor_, method, engine_status(shared_from_this(), std::move(reply)));
    } else if (method == "history/list") {
      list_history(object_of(request.params), std::move(reply));
    } else if (method == "history/get") {
      find_history(object_of(request.params), std::move(reply));
    } else {
      reply.fail({rpc::code::kMethodNotFound, "There is no method " + method, nullptr});
    }
  }

  // Missing params are the same as an object without fields.
  static Json object_of(Json& params) { return params.is_null() ? Json::object() : std::move(params); }

  // Whether the params fit a method without params. Refuses the request if not (I26).
  static bool takes_nothing(Json& params, rpc::Reply& reply) {
    if (params.is_array() && params.empty()) return true;
    const Json object = object_of(params);
    RequestFields fields(object);
    const auto ended = fields.end();
    if (!ended) refuse(reply, rpc::code::kInvalidParams, ended.error());
    return ended.has_value();
  }

  void begin_run(Result<RunRequest> request, rpc::Reply reply) {
    if (!request) return refuse(reply, rpc::code::kInvalidParams, request.error());
    if (active_.size() >= kMaxRuns)
      return refuse(
          reply, kNotRun,
          {ErrorCode::busy, "This client has " + std::to_string(kMaxRuns) + " runs open; wait for one to end", 0});
    auto& run_id = request->spec.run_id;
    if (!run_id) run_id = random_id();
    if (active_.contains(*run_id))
      return refuse(reply, kNotRun,
                    {ErrorCode::invalid_request, "A run with the id " + *run_id + " is under way; take another id", 0});
    request->spec.client = options_.name;
    active_[*run_id] = reply.cancel();
    spawn(executor_, "run " + *run_id, follow(shared_from_this(), std::move(*request), std::move(reply)));
  }

  static Task<void> follow(std::shared_ptr<ClientConnection> self, RunRequest request, rpc::Reply reply) {
    const auto opened = self->open(false);
    const std::string id = *request.spec.run_id;
    const Cancel cancel = reply.cancel();
    std::optional<JsonRpcEventSink> notices;
    if (request.stream) notices.emplace(self->executor_, self->connection_, id);
    const auto run = co_await execute(self->executor_, self->services_.runs, std::move(request),
                                      notices ? &*notices : nullptr, cancel);
    if (notices) notices->finish();
    if (run)
      co_await self->answer(*run, reply);
    else
      reply.fail({kNotRun, run.error().error.message, not_run_json(run.error())});
    self->active_.erase(id);
    self->ended_.notify();
  }

  // Waits until the client has read earlier replies, and until the budget of all clients has memory for this one (S11).
  Task<void> answer(const KeptRun& run, rpc::Reply& reply) {
    co_await connection_->caught_up();
    auto room = co_await room_for_reply(executor_, json_bytes(run), reply.cancel());
    if (room) {
      reply.result(kept_run_json(run), std::move(room));
    } else {
      const auto unread = without_room(run);
      reply.fail({kNotRun, unread.error.message, not_run_json(unread)});
    }
  }

  void cancel_runs(const Json& params, rpc::Reply reply) {
    RequestFields fields(params);
    std::optional<std::string> run_id;
    fields.text("runId", run_id);
    if (const auto ended = fields.end(); !ended) return refuse(reply, rpc::code::kInvalidParams, ended.error());
    std::vector<Cancel> found;  // collected first: a run may end while it is cancelled
    for (auto& [id, cancel] : active_)
      if (!run_id || id == *run_id) found.push_back(cancel);
    for (auto& each : found) each.cancel(CancelReason::user);
    reply.result({{"cancelled", found.size()}});
  }

  void cancel_all(CancelReason reason) {
    std::vector<Cancel> found;
    for (auto& [id, cancel] : active_) found.push_back(cancel);
    for (auto& each : found) each.cancel(reason);
  }

  static Task<void> engine_status(std::shared_ptr<ClientConnection> self, rpc::Reply reply) {
    const auto opened = self->open(true);
    const bool enabled = self->services_.enabled;
    auto status = co_await self->services_.engine.look(in(kEngineTime));
    if (!enabled) status.message = "Running code is switched off here: DIND_ENABLED says so";
    Json fields{{"enabled", enabled}, {"available", enabled && status.reachable}, {"address", status.address}};
    if (!status.version.empty()) fields["version"] = status.version;
    if (!status.message.empty()) fields["message"] = status.message;
    reply.result(std::move(fields));
  }

  void list_history(const Json& params, rpc::Reply reply) {
    RequestFields fields(params);
    std::optional<std::int64_t> limit;
    fields.whole("limit", limit, 1, kMaxListEntries);
    if (const auto ended = fields.end(); !ended) return refuse(reply, rpc::code::kInvalidParams, ended.error());
    spawn(executor_, "history/list",
          answer_list(shared_from_this(), static_cast<std::size_t>(limit.value_or(kUsualList)), std::move(reply)));
  }
  static Task<void> answer_list(std::shared_ptr<ClientConnection> self, std::size_t limit, rpc::Reply reply) {
    const auto opened = self->open(true);
    const auto turn = co_await self->turn_to_read();
    const auto records = co_await self->services_.history.list(limit);
    if (!records) co_return refuse(reply, kNotRun, records.error());
    auto room = co_await room_for_reply(self->executor_, kSummaryBytes * records->size(), reply.cancel());
    if (!room) co_return refuse(reply, kNotRun, no_room("The history was read"));
    Json runs = Json::array();
    for (const auto& record : *records) runs.push_back(history_summary_json(record));
    reply.result({{"runs", std::move(runs)}}, std::move(room));
  }

  void find_history(const Json& params, rpc::Reply reply) {
    RequestFields fields(params);
    std::string id;
    fields.require("id", "a run's id");
    fields.non_empty_text("id", id);
    if (const auto ended = fields.end(); !ended) return refuse(reply, rpc::code::kInvalidParams, ended.error());
    spawn(executor_, "history/get", answer_find(shared_from_this(), std::move(id), std::move(reply)));
  }
  static Task<void> answer_find(std::shared_ptr<ClientConnection> self, std::string id, rpc::Reply reply) {
    const auto opened = self->open(true);
    const auto turn = co_await self->turn_to_read();
    const auto record = co_await self->services_.history.find(std::move(id));
    if (!record) co_return refuse(reply, kNotRun, record.error());
    auto room = co_await room_for_reply(self->executor_, kRecordBytes, reply.cancel());
    if (!room) co_return refuse(reply, kNotRun, no_room("The history was read"));
    reply.result(history_run_json(*record), std::move(room));
  }

  // Lets one request of a client read the history at a time: an answer may have a megabyte (S11).
  Task<std::shared_ptr<void>> turn_to_read() {
    while (reading_) co_await turn_.wait(in(1h));
    reading_ = true;
    std::shared_ptr<void> turn(nullptr, [weak = weak_from_this()](void*) {
      if (const auto alive = weak.lock()) {
        alive->reading_ = false;
        alive->turn_.notify();
      }
    });
    co_await connection_->caught_up();
    co_return turn;
  }

  asio::any_io_executor executor_;
  ClientServices services_;
  ClientOptions options_;
  std::shared_ptr<rpc::Connection> connection_;
  std::map<std::string, Cancel> active_;  // by run id
  Signal ended_;
  Signal turn_;
  bool reading_ = false;  // a request reads the history
  std::size_t open_ = 0;  // number of open requests
  std::optional<IdleClients::Place> place_;
};

}  // namespace

Task<bool> serve_client(asio::any_io_executor executor, ClientServices services, ClientOptions options, Cancel stop) {
  const auto session = std::make_shared<ClientConnection>(std::move(executor), std::move(services), std::move(options));
  co_return co_await session->serve(std::move(stop));
}

}  // namespace dind::frontends::jsonrpc
