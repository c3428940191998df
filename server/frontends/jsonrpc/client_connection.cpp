#include "frontends/jsonrpc/client_connection.hpp"

#include "frontends/jsonrpc/event_sink.hpp"
#include "frontends/jsonrpc/failures.hpp"
#include "frontends/jsonrpc/history_methods.hpp"
#include "frontends/jsonrpc/params.hpp"
#include "frontends/shared/execution.hpp"
#include "rpc/binder.hpp"
#include "rpc/connection.hpp"
#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "wire/error_codec.hpp"

namespace dind::frontends::jsonrpc {

using namespace std::chrono_literals;
using rpc::Json;

namespace {

constexpr int kProtocol = 1;
constexpr auto kEngineTime = 1500ms;
constexpr auto kFlushTime = 1s;
constexpr std::size_t kMaxRuns = 256;  // of one client, including queued runs
constexpr const char* kRunMethods[] = {"run", "runPythonCode", "runShellScript", "runCommand", "buildAndRun"};

rpc::Failure no_memory_for_message() {
  const Error error = no_room_for_body();
  return {kNotRun, error.message, error_json(error, kNoRoomForBodyStatus)};
}

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(asio::any_io_executor executor, ClientServices services, ClientOptions options)
      : executor_(executor),
        services_(std::move(services)),
        options_(std::move(options)),
        caller_{.frontend = "jsonrpc", .client = options_.name},
        ended_(executor) {}

  Task<bool> serve(Cancel stop) {
    const auto self = shared_from_this();
    connection_ = rpc::Connection::open(
        executor_, options_.in_fd, options_.out_fd,
        {.request = [this](rpc::Request request,
                           rpc::Reply reply) { on_request(std::move(request), std::move(reply)); },
         .notification = [](const rpc::Notification&) {},
         .no_room = no_memory_for_message},
        options_.owns_fds);
    history_ = std::make_shared<HistoryMethods>(executor_, services_.history, connection_);
    bind_methods();
    const auto stopped = stop.on_cancel([weak = weak_from_this(), stop] {
      if (const auto alive = weak.lock()) {
        alive->gone_.cancel(stop.reason().value_or(CancelReason::shutdown));
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
    gone_.cancel(CancelReason::client_gone);
    co_await until(ended_, [this] { return open_runs_ == 0; }, in(services_.shutdown_timeout));
    co_await connection_->flushed(in(kFlushTime));
    co_return served.has_value();
  }

 private:
  // Held by a request while it is open. When the last one is released, the client counts as idle.
  struct OpenRequest {
    std::shared_ptr<ClientConnection> client;
    std::shared_ptr<void> work;
    OpenRequest(std::shared_ptr<ClientConnection> c, std::shared_ptr<void> w)
        : client(std::move(c)), work(std::move(w)) {
      ++client->open_;
    }
    OpenRequest(const OpenRequest&) = delete;
    OpenRequest& operator=(const OpenRequest&) = delete;
    ~OpenRequest() {
      if (--client->open_ == 0 && client->place_) client->place_->waits();
    }
  };
  std::shared_ptr<void> open_request() { return std::make_shared<OpenRequest>(shared_from_this(), nullptr); }
  // For a request that ends by itself within seconds, so the client's next requests can wait for it.
  std::shared_ptr<void> open_short_request() {
    return std::make_shared<OpenRequest>(shared_from_this(), connection_->begin_work());
  }

  void bind_methods() {
    for (const char* method : kRunMethods)
      methods_.request(method, run_method(method), [this](RunRequest request, rpc::Reply reply) {
        begin_run(std::move(request), std::move(reply));
      });
    methods_.request("run/cancel", decode_cancel, [this](const CancelParams& params, rpc::Reply reply) {
      reply.result({{"cancelled", cancel_runs(params.run_id)}});
    });
    methods_.request("server/info", [this](rpc::Reply reply) { reply.result(server_info()); });
    methods_.request("engine/status", [this](rpc::Reply reply) {
      spawn(executor_, "engine/status", engine_status(shared_from_this(), std::move(reply)));
    });
    methods_.request("history/list", decode_history_list, [this](HistoryListParams params, rpc::Reply reply) {
      history_->list(params, std::move(reply), open_short_request());
    });
    methods_.request("history/get", decode_history_get, [this](HistoryGetParams params, rpc::Reply reply) {
      history_->get(std::move(params), std::move(reply), open_short_request());
    });
  }

  void on_request(rpc::Request request, rpc::Reply reply) {
    if (place_) place_->works();
    const auto opened = open_request();
    methods_.dispatch(std::move(request), std::move(reply));
  }

  Json server_info() const {
    return {{"name", "dind-executor"},
            {"version", services_.version},
            {"protocol", kProtocol},
            {"enabled", services_.enabled}};
  }

  static Task<void> engine_status(std::shared_ptr<ClientConnection> self, rpc::Reply reply) {
    const auto opened = self->open_short_request();
    const bool enabled = self->services_.enabled;
    auto status = co_await self->services_.engine.look(in(kEngineTime));
    if (!enabled) status.message = "Running code is switched off here: DIND_ENABLED says so";
    Json fields{{"enabled", enabled}, {"available", enabled && status.reachable}, {"address", status.address}};
    if (!status.version.empty()) fields["version"] = status.version;
    if (!status.message.empty()) fields["message"] = status.message;
    reply.result(std::move(fields));
  }

  void begin_run(RunRequest request, rpc::Reply reply) {
    if (open_runs_ >= kMaxRuns)
      return reply.fail(failure(
          kNotRun,
          {ErrorCode::busy, "This client has " + std::to_string(kMaxRuns) + " runs open; wait for one to end", 0}));
    auto& run_id = request.spec.run_id;
    if (!run_id) run_id = random_id();
    request.spec.caller = caller_;
    ++open_runs_;
    spawn(executor_, "run " + *run_id, follow(shared_from_this(), std::move(request), std::move(reply)));
  }

  static Task<void> follow(std::shared_ptr<ClientConnection> self, RunRequest request, rpc::Reply reply) {
    const auto opened = self->open_request();
    const std::string id = *request.spec.run_id;
    const Cancel cancel = reply.cancel();
    const auto gone = self->gone_.on_cancel(
        [cancel = Cancel(cancel), client = self.get()]() mutable { cancel.cancel(*client->gone_.reason()); });
    std::optional<JsonRpcEventSink> events;
    if (request.stream) events.emplace(self->executor_, self->connection_, id);
    const auto run = co_await execute(self->executor_, self->services_.runs, std::move(request),
                                      events ? &*events : nullptr, cancel);
    if (events) events->finish();
    if (run)
      co_await self->answer(*run, reply);
    else
      reply.fail({kNotRun, run.error().error.message, not_run_json(run.error())});
    --self->open_runs_;
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

  // Returns how many runs were told to end.
  std::size_t cancel_runs(const std::optional<std::string>& run_id) {
    return services_.runs.cancel(caller_, run_id, CancelReason::user);
  }

  asio::any_io_executor executor_;
  ClientServices services_;
  ClientOptions options_;
  rpc::Binder methods_{wrong_params};
  std::shared_ptr<rpc::Connection> connection_;
  std::shared_ptr<HistoryMethods> history_;
  const Caller caller_;
  Cancel gone_;                // ends the runs of this client, and the waits of their replies
  std::size_t open_runs_ = 0;  // runs whose reply is not sent yet
  Signal ended_;
  std::size_t open_ = 0;  // number of open requests
  std::optional<IdleClients::Place> place_;
};

}  // namespace

Task<bool> serve_client(asio::any_io_executor executor, ClientServices services, ClientOptions options, Cancel stop) {
  const auto client = std::make_shared<ClientConnection>(std::move(executor), std::move(services), std::move(options));
  co_return co_await client->serve(std::move(stop));
}

}  // namespace dind::frontends::jsonrpc
