// Turns the argument of a command (`RunFile` of docs/protocol.md) into a RunSpec.
#pragma once

#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/lsp/document_store.hpp"
#include "frontends/lsp/options.hpp"
#include "rpc/message.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind::frontends::lsp {

struct RunRequest {
  std::string uri;
  // For people: the name of the file or the folder. Empty: the name that the run has when it starts.
  std::string name;
  RunSpec spec;
  std::string input;  // the program's stdin
};

// If the argument does not have the protocol's shape: the message for JSON-RPC's "invalid params". nullopt: it has.
std::optional<std::string> wrong_shape(const rpc::Json& argument);

// Takes the text of the open document, or else of the file on disk. Errors: not_found, invalid_request.
Result<RunRequest> make_request(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

// The spec that a run of this document would have, without the text. nullopt: not a program in a known language.
std::optional<RunSpec> expected_run(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

// The same for `RunWorkspace`. Errors: also those of WorkspaceRuns.
std::optional<std::string> wrong_workspace_shape(const rpc::Json& argument);
Result<RunRequest> make_workspace_request(const rpc::Json& argument, WorkspaceRuns& folders, const Options& options);

// Handles `ChooseProgram`: sets what the folder's next runs are, also in a terminal. Without a
// choice, forgets the old one.
// Errors: not_found, invalid_request, internal (the choice could not be saved).
std::optional<std::string> wrong_choice_shape(const rpc::Json& argument);
Result<void> choose_workspace_program(const rpc::Json& argument, WorkspaceRuns& folders);

// Handles `WorkspacePrograms`: the programs of the folder, and the choice.
Result<rpc::Json> workspace_programs(const rpc::Json& argument, WorkspaceRuns& folders);

}  // namespace dind::frontends::lsp
