// The commands of workspace/executeCommand (docs/protocol.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "frontends/lsp/client_runs.hpp"
#include "frontends/lsp/document_store.hpp"
#include "frontends/lsp/messages.hpp"
#include "frontends/lsp/options.hpp"
#include "rpc/connection.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind::frontends::lsp {

class Commands {
 public:
  // All references must outlive this object; their values are read at each command.
  Commands(ClientRuns& runs, WorkspaceRuns& workspaces, const DocumentStore& documents, const Options& options,
           const ClientCapabilities& client);

  static std::vector<std::string> names();
  // Refuses an unknown command with the names of the known ones.
  void execute(ExecuteCommandParams params, rpc::Reply reply);

 private:
  void run_file(ExecuteCommandParams params, rpc::Reply reply);
  void run_workspace(ExecuteCommandParams params, rpc::Reply reply);
  void list_programs(ExecuteCommandParams params, rpc::Reply reply);
  void choose_program(ExecuteCommandParams params, rpc::Reply reply);
  void stop(ExecuteCommandParams params, rpc::Reply reply);

  struct Entry {
    const char* name;
    void (Commands::*handle)(ExecuteCommandParams, rpc::Reply);
  };
  static const Entry kCommands[5];

  ClientRuns& runs_;
  WorkspaceRuns& workspaces_;
  const DocumentStore& documents_;
  const Options& options_;
  const ClientCapabilities& client_;
};

}  // namespace dind::frontends::lsp
