#include "frontends/lsp/server.hpp"

#include <cerrno>
#include <csignal>

#include "frontends/lsp/client_runs.hpp"
#include "frontends/lsp/code_lenses.hpp"
#include "frontends/lsp/commands.hpp"
#include "frontends/lsp/lifecycle.hpp"
#include "frontends/lsp/messages.hpp"
#include "frontends/lsp/process_watch.hpp"
#include "frontends/lsp/run_request.hpp"
#include "frontends/lsp/settings.hpp"
#include "frontends/lsp/uri.hpp"
#include "rpc/binder.hpp"
#include "rpc/connection.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/json_fields.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

namespace dind::frontends::lsp {

using namespace std::chrono_literals;
using rpc::Json;

namespace {

constexpr auto kFlushTime = 1s;
constexpr int kErrorType = 1;  // MessageType
constexpr int kWarningType = 2;

// A process id of a client in a container or on another machine has no meaning here. The end of stdin then shows that
// the client has gone.
bool is_process_here(std::int64_t pid) {
  return pid > 0 && pid <= INT32_MAX && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

class LspServer : public std::enable_shared_from_this<LspServer> {
 public:
  LspServer(asio::any_io_executor executor, LspServices services, LspOptions options)
      : executor_(std::move(executor)), services_(std::move(services)), options_(std::move(options)) {}

  Task<int> serve() {
    const auto self = shared_from_this();
    connection_ = rpc::Connection::open(
        executor_, options_.in_fd, options_.out_fd,
        {.request = [this](rpc::Request request,
                           rpc::Reply reply) { on_request(std::move(request), std::move(reply)); },
         .notification = [this](const rpc::Notification& notification) { on_notification(notification); }});
    runs_ = std::make_shared<ClientRuns>(executor_, services_.runs, connection_, [weak = weak_from_this()] {
      if (const auto alive = weak.lock()) alive->refresh_lenses();
    });
    commands_.emplace(*runs_, services_.workspaces, documents_, settings_.options(), client_);
    bind_methods();
    bind_notifications();
    if (options_.client_process_id) watch_client(*options_.client_process_id);
    const auto stopped = options_.stop.on_cancel([this] { connection_->stop(); });
    const auto served = co_await connection_->serve();
    if (!served) log(LogLevel::error, served.error().message);
    over_.cancel(CancelReason::client_gone);
    runs_->cancel_all(CancelReason::client_gone);
    co_await runs_->none(in(options_.shutdown_timeout));
    if (!co_await services_.runs.wait_all_removed(in(options_.shutdown_timeout)))
      log(LogLevel::warning, "Some containers could not be removed within " +
                                 format_duration(options_.shutdown_timeout) +
                                 "; the next start of dind-executor removes them");
    co_await connection_->flushed(in(kFlushTime));
    co_return served&& phase_ == Phase::shut_down ? 0 : 1;
  }

 private:
  void bind_methods() {
    methods_.request("initialize", decode_initialize, [this](InitializeParams params, rpc::Reply reply) {
      reply.result(initialize(std::move(params)));
    });
    methods_.request("shutdown", decode_nothing, [this](Json, rpc::Reply reply) {
      phase_ = Phase::shut_down;
      spawn(executor_, "shutdown", shut_down(shared_from_this(), std::move(reply)));
    });
    methods_.request("textDocument/codeLens", decode_code_lens,
                     [this](const std::string& uri, rpc::Reply reply) { reply.result(lenses(uri)); });
    methods_.request("workspace/executeCommand", decode_execute_command,
                     [this](ExecuteCommandParams params, rpc::Reply reply) {
                       commands_->execute(std::move(params), std::move(reply));
                     });
  }

  void bind_notifications() {
    methods_.notification("exit", [this] { connection_->stop(); });
    methods_.notification("initialized", [this] { begin(); });
    methods_.notification("textDocument/didOpen", decode_did_open, [this](OpenedDocument opened) {
      documents_.open(opened.uri, std::move(opened.document));
      // A client with its own commands tells which of its documents may be run.
      if (!client_.client_commands) warm_up({{"uri", opened.uri}});
    });
    methods_.notification("textDocument/didChange", decode_did_change, [this](const ChangedDocument& changed) {
      for (const auto& each : changed.changes) documents_.change(changed.uri, each.from, each.to, each.text);
    });
    methods_.notification("textDocument/didClose", decode_did_close,
                          [this](const std::string& uri) { documents_.close(uri); });
    methods_.notification("dind/warmUp", decode_any, [this](const Json& argument) { warm_up(argument); });
    methods_.notification("dind/logLevel", decode_log_level, [](LogLevel level) { set_log_level(level); });
    methods_.notification("workspace/didChangeConfiguration", decode_settings,
                          [this](const Json& json) { take_settings(json); });
    methods_.notification("workspace/didChangeWorkspaceFolders", decode_changed_folders,
                          [this](const ChangedFolders& changed) {
                            // Adds first, so that there is always a workspace if there was one before and is one after.
                            for (const auto& path : changed.added) services_.workspaces.set_if_unset(path);
                            for (const auto& path : changed.removed) services_.workspaces.forget(path);
                          });
    methods_.notification("window/workDoneProgress/cancel", decode_progress_token,
                          [this](const Json& token) { runs_->cancel_progress(token); });
  }

  static Result<Json> decode_nothing(const Json&) { return Json(); }
  static std::optional<Json> decode_any(const Json& params) { return params; }
  static std::optional<LogLevel> decode_log_level(const Json& params) {
    return parse_log_level(lenient::find_text(params, "level").value_or(""));
  }

  void on_request(rpc::Request request, rpc::Reply reply) {
    if (auto refused = refusal(phase_, request.method))
      reply.fail(std::move(*refused));
    else
      methods_.dispatch(std::move(request), std::move(reply));
  }

  void on_notification(const rpc::Notification& notification) {
    if (takes_notification(phase_, notification.method)) methods_.dispatch(notification);
  }

  Json initialize(InitializeParams params) {
    phase_ = Phase::running;
    client_ = params.client;
    documents_.set_encoding(params.encoding);
    take_settings(params.settings);
    // If the operator has set no workspace, the folders that are open in the editor can be run.
    for (const auto& path : params.folders) services_.workspaces.set_if_unset(path);
    if (params.pid && is_process_here(*params.pid)) watch_client(*params.pid);
    return initialize_result(params, Commands::names(), services_.version);
  }

  // Waits until the runs have ended and their containers are removed.
  static Task<void> shut_down(std::shared_ptr<LspServer> self, rpc::Reply reply) {
    self->runs_->cancel_all(CancelReason::shutdown);
    const auto deadline = in(self->options_.shutdown_timeout);
    co_await self->runs_->none(deadline);
    co_await self->services_.runs.wait_all_removed(deadline);
    reply.result(nullptr);
  }

  void warm_up(const Json& argument) {
    if (!settings_.options().warm_pool) return;
    if (auto spec = expected_run(argument, documents_, settings_.options()))
      services_.runs.warm_up_for(std::move(*spec));
  }

  // The extension for VS Code shows messages that come before "initialized" without a button to the settings.
  void begin() {
    begun_ = true;
    warn_of_settings();
    if (std::exchange(watching_engine_, true)) return;
    spawn(executor_, "engine watch",
          services_.engine.watch([self = shared_from_this()](const EngineStatus& status) { self->on_engine(status); },
                                 over_));
  }

  void take_settings(const Json& json) {
    const bool lens_before = settings_.options().code_lens;
    if (!settings_.read(json)) return;
    warn_of_settings();
    if (settings_.options().code_lens != lens_before) refresh_lenses();
  }

  void warn_of_settings() {
    const auto warning = settings_.warning();
    if (begun_ && warning) connection_->notify("window/showMessage", {{"type", kWarningType}, {"message", *warning}});
  }

  Json lenses(const std::string& uri) const {
    const Document* document = documents_.find(uri);
    const bool is_program =
        runnable_language(document ? std::optional<std::string_view>(document->language_id) : std::nullopt,
                          base_name(uri), document ? document->text : std::string())
            .has_value();
    return settings_.options().code_lens && is_program ? code_lenses(uri, runs_->has(uri)) : Json::array();
  }

  void refresh_lenses() {
    if (client_.refreshes_lenses && phase_ != Phase::shut_down)
      connection_->request("workspace/codeLens/refresh", nullptr, [](const Result<Json>&) {});
  }

  void on_engine(const EngineStatus& status) {
    if (over_.cancelled() || phase_ == Phase::shut_down) return;
    if (client_.dind_notifications) {
      Json fields{{"reachable", status.reachable}, {"address", status.address}};
      if (!status.version.empty()) fields["version"] = status.version;
      if (!status.message.empty()) fields["message"] = status.message;
      connection_->notify("dind/engine", std::move(fields));
    }
    if (engine_was_reachable_ && !status.reachable && runs_->count() > 0)
      connection_->notify("window/showMessage", {{"type", kErrorType}, {"message", status.message}});
    engine_was_reachable_ = status.reachable;
  }

  void watch_client(std::int64_t pid) {
    spawn(executor_, "client watch",
          watch_process(executor_, pid, [self = shared_from_this()] { self->connection_->stop(); }, over_));
  }

  asio::any_io_executor executor_;
  LspServices services_;
  LspOptions options_;
  rpc::Binder methods_;
  std::shared_ptr<rpc::Connection> connection_;
  std::shared_ptr<ClientRuns> runs_;
  DocumentStore documents_;
  Settings settings_;
  ClientCapabilities client_;
  std::optional<Commands> commands_;
  Cancel over_;
  Phase phase_ = Phase::before_initialize;
  bool begun_ = false;  // the client has sent "initialized"
  bool watching_engine_ = false;
  bool engine_was_reachable_ = false;
};

}  // namespace

Task<int> serve_lsp(asio::any_io_executor executor, LspServices services, LspOptions options) {
  const auto server = std::make_shared<LspServer>(std::move(executor), std::move(services), std::move(options));
  co_return co_await server->serve();
}

}  // namespace dind::frontends::lsp
