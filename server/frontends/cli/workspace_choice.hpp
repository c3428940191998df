// `run --workspace DIR`: which of the folder's programs is meant. A terminal is asked once, and the answer remembered.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/cli/run_output.hpp"
#include "services/workspace_runs.hpp"

namespace dind::frontends::cli {

// The run of the folder that `arguments` name: as they say, else the only program, else the one that was chosen before,
// else the one that a person at the terminal (stdin and stderr) chooses now. Without one the error (invalid_request)
// lists them. Blocks while it asks.
Result<RunSpec> folder_spec(WorkspaceRuns& folders, const RunArguments& arguments, const Streams& streams);

}  // namespace dind::frontends::cli
