// `run --workspace DIR`: chooses the folder's program. Asks once at a terminal, and remembers the answer.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/cli/run_output.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind::frontends::cli {

// The run of the folder that `arguments` name. Its program is the first of these that exists:
// - the one that the arguments name,
// - the one that was chosen before,
// - the only one,
// - the one that a person at the terminal (stdin and stderr) chooses now.
// Otherwise the error (invalid_request) lists the programs. Blocks while it asks.
Result<RunSpec> folder_spec(WorkspaceRuns& folders, const RunArguments& arguments, const Streams& streams);

}  // namespace dind::frontends::cli
