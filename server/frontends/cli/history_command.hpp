// Runs `dind-executor history …`: turns arguments into a text to print, or into a run to repeat.
#pragma once

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/history/history.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::cli {

// All actions but rerun: returns the text for stdout. `bounds`: used by a prune that has no bounds of its own.
Task<Result<std::string>> history_command(History& history, HistoryArguments arguments, PruneRequest bounds);

// For rerun: returns the arguments for `run_command`.
Task<Result<RunArguments>> rerun_arguments(History& history, HistoryArguments arguments);

}  // namespace dind::frontends::cli
