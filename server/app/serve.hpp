// `dind-executor serve` and `dind-executor rpc`: the faces for programs, put together and run to their end.
#pragma once

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "faces/cli/serve_arguments.hpp"

namespace dind::app {

// Until SIGINT, SIGTERM or SIGHUP. Returns the exit code; what could not be done is said on stderr.
Task<int> serve_programs(asio::any_io_executor executor, Core& core, const Configuration& configuration,
                         faces::cli::ServeArguments arguments);

// JSON-RPC on stdin and stdout, until stdin ends or one of those signals.
Task<int> serve_stdio(asio::any_io_executor executor, Core& core, const Configuration& configuration);

}  // namespace dind::app
