// `dind-executor serve` and `dind-executor rpc`: the faces for programs, put together and run to their end.
#pragma once

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "app/stops.hpp"
#include "frontends/cli/serve_arguments.hpp"

namespace dind::app {

// Until SIGINT or SIGTERM, which `stops` hears. Returns the exit code; what could not be done is said on stderr.
Task<int> serve_programs(asio::any_io_executor executor, Core& core, const Configuration& configuration,
                         frontends::cli::ServeArguments arguments, Stops stops);

// JSON-RPC on stdin and stdout, until stdin ends, or SIGINT, SIGTERM or SIGHUP.
Task<int> serve_stdio(asio::any_io_executor executor, Core& core, const Configuration& configuration);

}  // namespace dind::app
