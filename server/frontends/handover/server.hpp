// Takes runs of other processes of the same user: the server's side of `dind-executor run`.
#pragma once

#include <string>

#include "services/runs/run_service.hpp"

namespace dind::frontends::handover {

// Listens at `path` (socket_path) until `closing`, and returns when its last client has gone. `stop` cancels all their
// runs. If another server listens at `path`, takes over when that server has gone. Only the log tells of errors.
Task<void> take_runs(asio::any_io_executor executor, RunService& runs, std::string path, Cancel closing, Cancel stop);

}  // namespace dind::frontends::handover
