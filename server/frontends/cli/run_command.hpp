// `dind-executor run`: takes one run from arguments to exit code, on this process's stdin, stdout and stderr.
#pragma once

#include "frontends/cli/arguments.hpp"
#include "frontends/cli/run_output.hpp"
#include "services/runs/run_service.hpp"
#include "services/workspaces/workspace_runs.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::cli {

// Returns the exit code of the process (docs/cli.md).
// Signals: handles SIGINT, SIGTERM and SIGHUP while it runs. The first cancels the run. At the second the process exits
// at once, and the sandbox ends when its lease expires. Ignores SIGPIPE and SIGTTIN, also afterwards.
// When it returns, its output is written, and the run's container is removed or 10 s have passed.
// Reads the program's file before the first suspension. Posts to `executor` from other threads, so do not use an
// io_context that was told that there are none.
// `folders`: needed for arguments that name a folder. A person at a terminal may be asked
// which of its programs is meant.
Task<int> run_command(asio::any_io_executor executor, RunService& service, RunArguments arguments,
                      Streams streams = process_streams(), WorkspaceRuns* folders = nullptr);

}  // namespace dind::frontends::cli
