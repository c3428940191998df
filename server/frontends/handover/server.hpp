// Takes runs of other processes of the same user: `dind-executor run` where a server is there.
#pragma once

#include <string>

#include "services/run_service.hpp"

namespace dind::frontends::handover {

// Listens at `path` (socket_path) until `closing`, and ends when the last of its clients has. At `stop` every run of
// theirs is cancelled. Where another server listens there, it takes over when that one has gone. Nothing but the log
// hears of what goes wrong.
Task<void> take_runs(asio::any_io_executor executor, RunService& runs, std::string path, Cancel closing, Cancel stop);

}  // namespace dind::frontends::handover
