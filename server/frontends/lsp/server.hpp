// Serves one LSP client: docs/protocol.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/health/engine_watch.hpp"
#include "services/runs/run_service.hpp"
#include "services/workspaces/workspace_runs.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::lsp {

struct LspServices {
  RunService& runs;
  EngineWatch& engine;
  WorkspaceRuns& workspaces;
  std::string version;
};
struct LspOptions {
  std::optional<std::int64_t> client_process_id;  // when that process ends, the server ends
  Cancel stop;                                    // ends the server as the client does
  std::chrono::milliseconds shutdown_timeout;     // for the runs and their containers
  int in_fd = 0;
  int out_fd = 1;
};

// Serves until the client exits or is gone. Then it cancels all runs of the client and waits until their containers are
// removed, or `shutdown_timeout` has passed. Returns the exit code of the process: 0 after `shutdown`, else 1.
Task<int> serve_lsp(asio::any_io_executor executor, LspServices services, LspOptions options);

}  // namespace dind::frontends::lsp
