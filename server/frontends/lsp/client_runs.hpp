// The live runs of one client. dind.stop, a cancelled request or a cancelled progress stops them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "frontends/lsp/messages.hpp"
#include "frontends/lsp/progress.hpp"
#include "frontends/lsp/run_request.hpp"
#include "rpc/connection.hpp"
#include "services/runs/run_service.hpp"
#include "support/async/cancel.hpp"

namespace dind::frontends::lsp {

class ClientRuns : public std::enable_shared_from_this<ClientRuns> {
 public:
  // Calls `on_change` when a run of a document begins or ends.
  ClientRuns(asio::any_io_executor executor, RunService& service, std::shared_ptr<rpc::Connection> connection,
             std::function<void()> on_change);

  // Starts the run of a command, and replies when it has ended. `request`: an Error is the reply.
  // `work_done_token`: of the command; null: none.
  void start(Result<RunRequest> request, const rpc::Json& work_done_token, const ClientCapabilities& client,
             rpc::Reply reply);
  // Handles dind.stop with `arguments`. Returns how many runs were told to stop. Error (invalid_request): the
  // arguments do not have a shape of the protocol.
  Result<std::size_t> stop(const rpc::Json& arguments);
  void cancel_progress(const rpc::Json& token);
  void cancel_all(CancelReason reason);

  bool has(const std::string& uri) const;
  std::size_t count() const { return shown_.size(); }
  // True once no run is live; false if the deadline passes first.
  Task<bool> none(Deadline deadline);

 private:
  // What the editor shows of a run. LiveRuns knows the rest.
  struct Shown {
    std::string document;  // the document's key
    std::shared_ptr<Progress> progress;
  };
  template <typename Predicate>
  std::size_t cancel_where(Predicate matches);
  struct PendingRun;  // everything that a run needs; the coroutine takes it by value
  static Task<void> follow(std::shared_ptr<ClientRuns> self, PendingRun pending);

  asio::any_io_executor executor_;
  RunService& service_;
  std::shared_ptr<rpc::Connection> connection_;
  std::function<void()> on_change_;
  const Caller caller_;                 // this connection
  std::map<std::string, Shown> shown_;  // by run id
  Signal ended_;
};

}  // namespace dind::frontends::lsp
