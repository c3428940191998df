// `dind-executor run`: one run from arguments to exit code, on our own stdin, stdout and stderr.
#pragma once

#include "frontends/cli/arguments.hpp"
#include "frontends/cli/run_output.hpp"
#include "services/run_service.hpp"
#include "services/workspace_runs.hpp"
#include "support/task.hpp"

namespace dind::frontends::cli {

// Our exit code (docs/cli.md). Takes SIGINT, SIGTERM and SIGHUP while it runs (first: the run is cancelled; second: the
// process exits at once, and the sandbox's lease ends it), and ignores SIGPIPE and SIGTTIN for good. Everything that it
// printed is written when it returns, and the run's container is removed, or 10 s have passed. It reads the program's
// file before the first suspension. It posts to `executor` from other threads: not for an io_context that was told
// there are none.
// `folders`: for arguments that name a folder; a terminal may be asked which of its programs is meant.
Task<int> run_command(asio::any_io_executor executor, RunService& service, RunArguments arguments,
                      Streams streams = process_streams(), WorkspaceRuns* folders = nullptr);

}  // namespace dind::frontends::cli
