// Lets `dind-executor run` hand its run over to a running server: which server fits, and how a server takes such runs.
#pragma once

#include <string>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "frontends/cli/arguments.hpp"
#include "support/async/task.hpp"

namespace dind::app {

// The socket where servers with exactly these settings take runs. Empty: handover is off, or
// no socket path is possible.
std::string handover_path(const Configuration& configuration, const std::string& host);

// Whether a server with these settings runs this request in the same way as this process would.
bool may_hand_over(const frontends::cli::RunArguments& arguments, const LogFlags& log,
                   const Configuration& configuration);

// Takes runs at `path` while `frontend` runs. After `frontend` has ended, handed-over runs that have begun go on to
// their end, as long as their clients live and `stop` is not cancelled. Returns the exit code of `frontend`.
Task<int> with_handover_server(asio::any_io_executor executor, Core& core, std::string path, Task<int> frontend,
                               Cancel stop);

}  // namespace dind::app
