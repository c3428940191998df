// `RunFile` of docs/protocol.md: from a command's argument to a RunSpec.
#pragma once

#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/lsp/document_store.hpp"
#include "frontends/lsp/options.hpp"
#include "rpc/message.hpp"
#include "services/workspace_runs.hpp"

namespace dind::frontends::lsp {

struct RunRequest {
  std::string uri;
  std::string name;  // for people: the file's, or the folder's; empty: the one that the run has when it starts
  RunSpec spec;
  std::string input;  // the program's stdin
};

// Not the shape that the protocol asks for: JSON-RPC's "invalid params", with this message. nullopt: fine.
std::optional<std::string> wrong_shape(const rpc::Json& argument);

// Takes the text of the open document, else of the file on disk. Errors: not_found, invalid_request.
Result<RunRequest> make_request(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

// What a run of that document would ask for, without its text. None: it is no program that we know.
std::optional<RunSpec> expected_run(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

// The same for `RunWorkspace`. Errors are those of WorkspaceRuns besides.
std::optional<std::string> wrong_workspace_shape(const rpc::Json& argument);
Result<RunRequest> make_workspace_request(const rpc::Json& argument, WorkspaceRuns& folders, const Options& options);

// `ChooseProgram`: what the folder's next runs are, in a terminal too; forgotten where it names nothing. Errors:
// not_found, invalid_request, internal (it could not be written down).
std::optional<std::string> wrong_choice_shape(const rpc::Json& argument);
Result<void> choose_workspace_program(const rpc::Json& argument, WorkspaceRuns& folders);

// `WorkspacePrograms`: what of the folder can run, and what was chosen.
Result<rpc::Json> workspace_programs(const rpc::Json& argument, WorkspaceRuns& folders);

}  // namespace dind::frontends::lsp
