#include "frontends/lsp/server.hpp"

#include <cerrno>
#include <csignal>

#include "frontends/lsp/client_runs.hpp"
#include "frontends/lsp/process_watch.hpp"
#include "frontends/lsp/run_request.hpp"
#include "frontends/lsp/uri.hpp"
#include "frontends/run_json.hpp"
#include "rpc/connection.hpp"
#include "rpc/params.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::lsp {

using namespace std::chrono_literals;
using rpc::Json;

namespace {

constexpr auto kShutdownTimeout = 10s;
constexpr auto kFlushTime = 1s;
constexpr int kProtocol = 1;
constexpr int kIncremental = 2;  // TextDocumentSyncKind
constexpr int kErrorType = 1;    // MessageType
constexpr int kWarningType = 2;

Position position_of(const Json& json) {
  return {rpc::integer(json, "line").value_or(0), rpc::integer(json, "character").value_or(0)};
}

class LspServer : public std::enable_shared_from_this<LspServer> {
 public:
  LspServer(asio::any_io_executor executor, LspServices services, LspOptions options)
      : executor_(std::move(executor)), services_(std::move(services)), options_(options) {}

  Task<int> serve() {
    const auto self = shared_from_this();
    connection_ = rpc::Connection::open(
        executor_, options_.in_fd, options_.out_fd,
        {.request = [this](rpc::Request request,
                           rpc::Reply reply) { on_request(std::move(request), std::move(reply)); },
         .notification = [this](rpc::Notification notification) { on_notification(notification); }});
    runs_ = std::make_shared<ClientRuns>(executor_, services_.runs, connection_, [weak = weak_from_this()] {
      if (const auto alive = weak.lock()) alive->refresh_lenses();
    });
    if (options_.client_process_id) watch_client(*options_.client_process_id);
    const auto stopped = options_.stop.on_cancel([this] { connection_->stop(); });
    const auto served = co_await connection_->serve();
    if (!served) log(LogLevel::error, served.error().message);
    over_.cancel(CancelReason::client_gone);
    runs_->cancel_all(CancelReason::client_gone);
    co_await runs_->none(in(kShutdownTimeout));
    if (!co_await services_.runs.wait_all_removed(in(kShutdownTimeout)))
      log(LogLevel::warning,
          "Some containers could not be removed within 10 s; the next start of dind-executor removes them");
    co_await connection_->flushed(in(kFlushTime));
    co_return served&& shut_down_ ? 0 : 1;
  }

 private:
  void on_request(rpc::Request request, rpc::Reply reply) {
    const auto refuse = [&](int code, std::string message) { reply.fail({code, std::move(message), nullptr}); };
    if (request.method == "initialize") {
      if (initialized_)
        refuse(rpc::code::kInvalidRequest, "initialize was sent before");
      else
        reply.result(initialize(request.params));
    } else if (!initialized_) {
      refuse(rpc::code::kServerNotInitialized, "Send initialize first");
    } else if (shut_down_) {
      refuse(rpc::code::kInvalidRequest, "The server was shut down: send exit");
    } else if (request.method == "shutdown") {
      shut_down_ = true;
      spawn(executor_, "shutdown", shut_down(shared_from_this(), std::move(reply)));
    } else if (request.method == "textDocument/codeLens") {
      if (const auto uri = rpc::text(request.params, "textDocument/uri"))
        reply.result(lenses(*uri));
      else
        refuse(rpc::code::kInvalidParams, "textDocument/codeLens takes { textDocument: { uri } }");
    } else if (request.method == "workspace/executeCommand") {
      execute(request.params, std::move(reply));
    } else {
      refuse(rpc::code::kMethodNotFound, "There is no method " + request.method);
    }
  }

  void on_notification(const rpc::Notification& notification) {
    const std::string& method = notification.method;
    const Json& params = notification.params;
    if (method == "exit") connection_->stop();
    if (!initialized_ || shut_down_) return;
    if (method == "initialized")
      begin();
    else if (method == "textDocument/didOpen")
      open(rpc::field(params, "textDocument"));
    else if (method == "dind/expect")
      expect(params);
    else if (method == "textDocument/didChange")
      change(params);
    else if (method == "textDocument/didClose")
      documents_.close(rpc::text(params, "textDocument/uri").value_or(""));
    else if (method == "workspace/didChangeConfiguration")
      take_settings(rpc::field(params, "settings/dind"));
    else if (method == "workspace/didChangeWorkspaceFolders")
      change_folders(rpc::field(params, "event"));
    else if (method == "dind/logLevel")
      take_log_level(params);
    else if (method == "window/workDoneProgress/cancel")
      runs_->cancel_progress(rpc::field(params, "token"));
  }

  Json initialize(const Json& params) {
    initialized_ = true;
    const Json& capabilities = rpc::field(params, "capabilities");
    client_.dind_notifications = rpc::flag(capabilities, "experimental/dind/output").value_or(false);
    client_.own_commands = rpc::flag(capabilities, "experimental/dind/ownCommands").value_or(false);
    client_.progress = rpc::flag(capabilities, "window/workDoneProgress").value_or(false);
    client_.refreshes_lenses = rpc::flag(capabilities, "workspace/codeLens/refreshSupport").value_or(false);
    bool utf8 = false;
    for (const Json& each : rpc::field(capabilities, "general/positionEncodings")) utf8 = utf8 || each == "utf-8";
    documents_.set_encoding(utf8 ? PositionEncoding::utf8 : PositionEncoding::utf16);
    take_settings(rpc::field(params, "initializationOptions"));
    adopt_folders(params);
    if (const auto pid = rpc::integer(params, "processId"); pid) {
      // The process id of a client in a container or on another machine has no meaning here. The end of stdin
      // then shows that the client has gone.
      if (*pid > 0 && *pid <= INT32_MAX && (::kill(static_cast<pid_t>(*pid), 0) == 0 || errno == EPERM))
        watch_client(*pid);
    }

    Json commands = Json::array();
    if (!client_.own_commands)
      commands = {"dind.runFile", "dind.runWorkspace", "dind.workspacePrograms", "dind.chooseProgram", "dind.stop"};
    return {{"capabilities",
             {{"positionEncoding", utf8 ? "utf-8" : "utf-16"},
              {"textDocumentSync", {{"openClose", true}, {"change", kIncremental}, {"save", false}}},
              {"codeLensProvider", {{"resolveProvider", false}}},
              {"executeCommandProvider", {{"commands", std::move(commands)}, {"workDoneProgress", true}}},
              {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}},
              {"experimental", {{"dind", {{"protocol", kProtocol}}}}}}},
            {"serverInfo", {{"name", "dind-executor"}, {"version", services_.version}}}};
  }

  // If the operator has set no workspace, the folders that are open in the editor can be run.
  void adopt_folders(const Json& params) {
    const Json& folders = rpc::field(params, "workspaceFolders");
    if (folders.is_array() && !folders.empty())
      adopt_each(folders);
    else if (const auto path = path_of(rpc::text(params, "rootUri")))
      services_.workspaces.adopt(*path);
  }

  void adopt_each(const Json& folders) {
    for (const Json& folder : folders)
      if (const auto path = path_of(rpc::text(folder, "uri"))) services_.workspaces.adopt(*path);
  }

  void change_folders(const Json& event) {
    // Adds first, so that there is always a workspace if there was one before and is one after.
    if (const Json& added = rpc::field(event, "added"); added.is_array()) adopt_each(added);
    if (const Json& removed = rpc::field(event, "removed"); removed.is_array())
      for (const Json& folder : removed)
        if (const auto path = path_of(rpc::text(folder, "uri"))) services_.workspaces.forget(*path);
  }

  static std::optional<std::string> path_of(const std::optional<std::string>& uri) {
    return uri ? file_path(*uri) : std::nullopt;
  }

  static void take_log_level(const Json& params) {
    if (const auto level = log_level(rpc::text(params, "level").value_or(""))) set_log_level(*level);
  }

  static Task<void> shut_down(std::shared_ptr<LspServer> self, rpc::Reply reply) {
    self->runs_->cancel_all(CancelReason::shutdown);
    const auto deadline = in(kShutdownTimeout);
    co_await self->runs_->none(deadline);
    co_await self->services_.runs.wait_all_removed(deadline);
    reply.result(nullptr);
  }

  void open(const Json& document) {
    const auto uri = rpc::text(document, "uri");
    if (!uri) return;
    documents_.open(*uri, {rpc::text(document, "languageId").value_or(""), rpc::text(document, "text").value_or("")});
    // A client with its own commands tells which of its documents may be run.
    if (!client_.own_commands) expect({{"uri", *uri}});
  }

  void expect(const Json& argument) {
    if (!settings_.prestart) return;
    if (auto spec = expected_run(argument, documents_, settings_)) services_.runs.expect(std::move(*spec));
  }

  void change(const Json& params) {
    const auto uri = rpc::text(params, "textDocument/uri");
    if (!uri) return;
    for (const Json& each : rpc::field(params, "contentChanges")) {
      const auto text = rpc::text(each, "text");
      if (!text) continue;
      if (const Json& range = rpc::field(each, "range"); range.is_object())
        documents_.change(*uri, position_of(rpc::field(range, "start")), position_of(rpc::field(range, "end")), *text);
      else
        documents_.change(*uri, std::nullopt, std::nullopt, *text);
    }
  }

  // The extension for VS Code shows messages that come before "initialized" without a button to the settings.
  void begin() {
    begun_ = true;
    tell_wrong_settings();
    start_engine_watch();
  }

  // Sends one message for all wrong settings.
  void tell_wrong_settings() {
    if (begun_ && !wrong_settings_.empty())
      connection_->notify("window/showMessage",
                          {{"type", kWarningType}, {"message", settings_message(wrong_settings_)}});
  }

  static std::string settings_message(const std::vector<std::string>& warnings) {
    if (warnings.size() == 1) return "The setting " + warnings.front() + ". It is not used";
    std::string text = std::to_string(warnings.size()) + " settings are not used: ";
    for (const auto& warning : warnings) text += (&warning == &warnings.front() ? "" : "; ") + warning;
    return text;
  }

  void take_settings(const Json& json) {
    if (!json.is_object()) return;
    wrong_settings_.clear();
    const bool lens_before = settings_.code_lens;
    settings_ = read_options(json, wrong_settings_);
    tell_wrong_settings();
    if (settings_.code_lens != lens_before) refresh_lenses();
  }

  Json lenses(const std::string& uri) {
    Json all = Json::array();
    if (!settings_.code_lens) return all;
    const Document* document = documents_.find(uri);
    const auto language =
        runnable_language(document ? std::optional<std::string_view>(document->language_id) : std::nullopt,
                          base_name(uri), document ? document->text : std::string());
    if (!language) return all;
    const Json start{{"line", 0}, {"character", 0}};
    const auto lens = [&](const char* title, const char* command) {
      all.push_back({{"range", {{"start", start}, {"end", start}}},
                     {"command", {{"title", title}, {"command", command}, {"arguments", {{{"uri", uri}}}}}}});
    };
    lens("Run in sandbox", "dind.runFile");
    if (runs_->has(uri)) lens("Stop", "dind.stop");
    return all;
  }

  void refresh_lenses() {
    if (client_.refreshes_lenses && !shut_down_)
      connection_->request("workspace/codeLens/refresh", nullptr, [](const Result<Json>&) {});
  }

  void execute(const Json& params, rpc::Reply reply) {
    const auto command = rpc::text(params, "command");
    if (const Json& arguments = rpc::field(params, "arguments"); arguments.is_array() && arguments.size() > 1) {
      reply.fail({rpc::code::kInvalidParams,
                  command.value_or("A command") + " takes one argument, not " + std::to_string(arguments.size()),
                  nullptr});
      return;
    }
    if (command == "dind.runFile") {
      runs_->run_file(params, client_, documents_, settings_, std::move(reply));
    } else if (command == "dind.runWorkspace") {
      runs_->run_workspace(params, client_, services_.workspaces, settings_, std::move(reply));
    } else if (command == "dind.workspacePrograms") {
      tell_programs(params, std::move(reply));
    } else if (command == "dind.chooseProgram") {
      choose_program(params, std::move(reply));
    } else if (command == "dind.stop") {
      const auto stopped = runs_->stop(rpc::field(params, "arguments"));
      if (stopped)
        reply.result({{"stopped", *stopped}});
      else
        reply.fail({rpc::code::kInvalidParams, stopped.error().message, nullptr});
    } else {
      reply.fail({rpc::code::kInvalidParams,
                  "There is no command " + command.value_or("without a name") +
                      ": dind.runFile, dind.runWorkspace, dind.workspacePrograms, dind.chooseProgram and dind.stop are "
                      "there",
                  nullptr});
    }
  }

  void tell_programs(const Json& params, rpc::Reply reply) {
    const Json& arguments = rpc::field(params, "arguments");
    const Json argument = arguments.is_array() && !arguments.empty() ? arguments.front() : Json();
    if (!rpc::text(argument, "uri")) {
      reply.fail(
          {rpc::code::kInvalidParams, "dind.workspacePrograms takes one argument, an object with a uri", nullptr});
      return;
    }
    auto found = workspace_programs(argument, services_.workspaces);
    if (found)
      reply.result(std::move(*found));
    else
      reply.fail({rpc::code::kRequestFailed, found.error().message, error_json(found.error())});
  }

  void choose_program(const Json& params, rpc::Reply reply) {
    const Json& arguments = rpc::field(params, "arguments");
    const Json argument = arguments.is_array() && !arguments.empty() ? arguments.front() : Json();
    if (const auto problem = wrong_choice_shape(argument)) {
      reply.fail({rpc::code::kInvalidParams, *problem, nullptr});
      return;
    }
    const auto chosen = choose_workspace_program(argument, services_.workspaces);
    if (chosen)
      reply.result(nullptr);
    else
      reply.fail({rpc::code::kRequestFailed, chosen.error().message, error_json(chosen.error())});
  }

  void start_engine_watch() {
    if (std::exchange(watching_engine_, true)) return;
    spawn(executor_, "engine watch",
          services_.engine.watch([self = shared_from_this()](const EngineStatus& status) { self->on_engine(status); },
                                 over_));
  }

  void on_engine(const EngineStatus& status) {
    if (over_.cancelled() || shut_down_) return;
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
  std::shared_ptr<rpc::Connection> connection_;
  std::shared_ptr<ClientRuns> runs_;
  DocumentStore documents_;
  Options settings_;
  ClientCapabilities client_;
  Cancel over_;
  bool initialized_ = false;
  bool begun_ = false;
  std::vector<std::string> wrong_settings_;
  bool shut_down_ = false;
  bool watching_engine_ = false;
  bool engine_was_reachable_ = false;
};

}  // namespace

Task<int> serve_lsp(asio::any_io_executor executor, LspServices services, LspOptions options) {
  const auto server = std::make_shared<LspServer>(std::move(executor), std::move(services), options);
  co_return co_await server->serve();
}

}  // namespace dind::frontends::lsp
