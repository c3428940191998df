// `dind-executor history …`: from arguments to what is printed, or to what is run again.
#pragma once

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/history.hpp"
#include "support/task.hpp"

namespace dind::frontends::cli {

// All but rerun: the text for stdout. `bounds`: what a prune without bounds of its own takes.
Task<Result<std::string>> history_command(History& history, HistoryArguments arguments, PruneRequest bounds);

// rerun: what `run_command` is given.
Task<Result<RunArguments>> rerun_arguments(History& history, HistoryArguments arguments);

}  // namespace dind::frontends::cli
