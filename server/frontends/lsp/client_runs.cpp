#include "frontends/lsp/client_runs.hpp"

#include "frontends/lsp/event_sink.hpp"
#include "frontends/lsp/run_request.hpp"
#include "frontends/lsp/uri.hpp"
#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/json_fields.hpp"
#include "support/text/escaped.hpp"
#include "wire/error_codec.hpp"
#include "wire/run_result_codec.hpp"

namespace dind::frontends::lsp {

using rpc::Json;

namespace {

constexpr int kErrorMessage = 1;  // MessageType.Error

// A run that was stopped before its program began. For the client it is a stopped run like any other.
Result<RunResult> as_stopped(Result<RunResult> result, const std::string& run_id, const Cancel& cancel) {
  if (result || result.error().code != ErrorCode::cancelled) return result;
  RunResult stopped;
  stopped.run_id = run_id;
  stopped.verdict = Verdict::cancelled;
  stopped.cancel_reason = cancel.reason();
  return stopped;
}

}  // namespace

struct ClientRuns::PendingRun {
  RunRequest request;
  Cancel cancel;
  std::shared_ptr<Progress> progress;
  ClientCapabilities client;
  rpc::Reply reply;
};

ClientRuns::ClientRuns(asio::any_io_executor executor, RunService& service, std::shared_ptr<rpc::Connection> connection,
                       std::function<void()> on_change)
    : executor_(executor),
      service_(service),
      connection_(std::move(connection)),
      on_change_(std::move(on_change)),
      caller_{.client = "lsp:" + random_id(8)},
      ended_(executor) {}

void ClientRuns::start(Result<RunRequest> request, const Json& work_done_token, const ClientCapabilities& client,
                       rpc::Reply reply) {
  const auto refuse = [&](const Error& error) {
    // Clients that do not know dind/output rarely show the error of a command.
    if (!client.dind_notifications)
      connection_->notify("window/showMessage", {{"type", kErrorMessage}, {"message", escaped(error.message)}});
    reply.fail({rpc::code::kRequestFailed, error.message, run_error_json(error)});
  };
  if (!request) {
    refuse(request.error());
    return;
  }
  request->spec.caller = caller_;
  const std::string id = *request->spec.run_id;
  if (shown_.contains(id)) {
    refuse({ErrorCode::invalid_request, "A run with the id " + id + " is under way; use another id", 0});
    return;
  }
  const Cancel cancel = reply.cancel();
  auto progress =
      Progress::begin(connection_, work_done_token, client.progress,
                      "Run " + (request->name.empty() ? "a program" : escaped(request->name)) + " in sandbox");
  shown_[id] = {document_key(request->uri), progress};
  spawn(executor_, "run " + id,
        follow(shared_from_this(), {std::move(*request), cancel, std::move(progress), client, std::move(reply)}));
  on_change_();
}

Task<void> ClientRuns::follow(std::shared_ptr<ClientRuns> self, PendingRun pending) {
  const std::string id = *pending.request.spec.run_id;
  LspEventSink feed(self->executor_, self->connection_, pending.client.dind_notifications, id, pending.request.uri,
                    pending.request.name, pending.progress);
  std::shared_ptr<StdinPipe> input;
  if (!pending.request.input.empty()) {
    input = std::make_shared<StdinPipe>(self->executor_);
    input->push(std::move(pending.request.input));
    input->close();
  }
  Result<RunResult> result =
      fail(ErrorCode::internal, "The run ended without a result: this is a bug in dind-executor");
  try {
    result = co_await self->service_.run(std::move(pending.request.spec), feed, input, pending.cancel);
  } catch (const std::exception& e) {  // a bug; the client still gets the run's end
    result = fail(ErrorCode::internal, std::string("A bug in dind-executor ended the run: ") + e.what());
  }
  result = as_stopped(std::move(result), id, pending.cancel);
  feed.finished(result);
  if (result) {
    rpc::Json value = result_json(*result);
    add_notes(value, *result);
    pending.reply.result(std::move(value));
  } else {
    const Error& error = result.error();
    if (!pending.client.dind_notifications)
      self->connection_->notify("window/showMessage", {{"type", kErrorMessage}, {"message", escaped(error.message)}});
    Json data = run_error_json(error);  // without output, which was sent as it came
    data["runId"] = id;
    data["began"] = feed.began();
    pending.reply.fail({rpc::code::kRequestFailed, error.message, std::move(data)});
  }
  self->shown_.erase(id);
  self->ended_.notify();
  self->on_change_();
}

template <typename Predicate>
std::size_t ClientRuns::cancel_where(Predicate matches) {
  std::vector<std::string> found;  // copied first: a run may end during its cancel
  for (const auto& [id, run] : shown_)
    if (matches(id, run)) found.push_back(id);
  std::size_t cancelled = 0;
  for (const auto& id : found) cancelled += service_.cancel(caller_, id, CancelReason::user);
  return cancelled;
}

Result<std::size_t> ClientRuns::stop(const Json& arguments) {
  const bool all = arguments.is_null() || (arguments.is_array() && arguments.empty());
  const Json& which = arguments.is_array() && !arguments.empty() ? arguments.front() : arguments;
  const auto run_id = lenient::find_text(which, "runId");
  const auto uri = lenient::find_text(which, "uri");
  // A wrong argument must not stop all runs.
  if (!all && !run_id && !uri)
    return fail(ErrorCode::invalid_request, "dind.stop takes no argument, or an object with a runId or a uri");
  return cancel_where([&](const std::string& id, const Shown& run) {
    return (!run_id || id == *run_id) && (!uri || run.document == document_key(*uri));
  });
}

void ClientRuns::cancel_progress(const Json& token) {
  cancel_where([&](const std::string&, const Shown& run) { return run.progress->is(token); });
}

void ClientRuns::cancel_all(CancelReason reason) { service_.cancel(caller_, {}, reason); }

bool ClientRuns::has(const std::string& uri) const {
  for (const auto& [id, run] : shown_)
    if (run.document == document_key(uri)) return true;
  return false;
}

Task<bool> ClientRuns::none(Deadline deadline) {
  const auto self = shared_from_this();
  co_return co_await until(self->ended_, [&] { return self->shown_.empty(); }, deadline);
}

}  // namespace dind::frontends::lsp
