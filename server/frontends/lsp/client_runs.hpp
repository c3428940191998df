// The runs of one client: started by dind.runFile, stopped by dind.stop, by a cancelled request, by a cancelled
// progress.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "frontends/lsp/document_store.hpp"
#include "frontends/lsp/options.hpp"
#include "frontends/lsp/progress.hpp"
#include "frontends/lsp/run_request.hpp"
#include "rpc/connection.hpp"
#include "services/run_service.hpp"
#include "support/cancel.hpp"

namespace dind::frontends::lsp {

// What a client said that it can do.
struct ClientCapabilities {
  bool dind_notifications = false;  // experimental.dind.output
  bool own_commands = false;        // experimental.dind.ownCommands
  bool progress = false;            // window.workDoneProgress
  bool refreshes_lenses = false;    // workspace.codeLens.refreshSupport
};

class ClientRuns : public std::enable_shared_from_this<ClientRuns> {
 public:
  // `on_change`: a run of a document began or ended.
  ClientRuns(asio::any_io_executor executor, RunService& service, std::shared_ptr<rpc::Connection> connection,
             std::function<void()> on_change);

  // dind.runFile with `params` of workspace/executeCommand.
  void run_file(const rpc::Json& params, const ClientCapabilities& client, const DocumentStore& documents,
                const Options& options, rpc::Reply reply);
  // dind.runWorkspace.
  void run_workspace(const rpc::Json& params, const ClientCapabilities& client, WorkspaceRuns& folders,
                     const Options& options, rpc::Reply reply);
  // dind.stop with `arguments`: how many runs were told to stop. Error (invalid_request): they are of no shape of the
  // protocol's.
  Result<std::size_t> stop(const rpc::Json& arguments);
  void cancel_progress(const rpc::Json& token);
  void cancel_all(CancelReason reason);

  bool has(const std::string& uri) const;
  std::size_t count() const { return active_.size(); }
  // True once none is under way; false when the deadline passed first.
  Task<bool> none(Deadline deadline);

 private:
  struct Active {
    std::string document;  // its key
    Cancel cancel;
    std::shared_ptr<Progress> progress;
  };
  void start(Result<RunRequest> request, const rpc::Json& params, const ClientCapabilities& client, rpc::Reply reply);
  struct Order;  // everything that a run needs, on its way into the coroutine
  static Task<void> follow(std::shared_ptr<ClientRuns> self, Order order);

  asio::any_io_executor executor_;
  RunService& service_;
  std::shared_ptr<rpc::Connection> connection_;
  std::function<void()> on_change_;
  const std::string client_;              // this connection, as RunSpec::client has it
  std::map<std::string, Active> active_;  // by run id
  Signal ended_;
};

}  // namespace dind::frontends::lsp
