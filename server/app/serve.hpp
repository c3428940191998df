// `dind-executor serve` and `dind-executor rpc`: puts the frontends for programs together and runs them to their end.
#pragma once

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "app/stops.hpp"
#include "frontends/cli/arguments.hpp"

namespace dind::app {

// Runs until SIGINT or SIGTERM, which arrive through `stops`. Returns the exit code and writes errors to stderr.
Task<int> serve_programs(asio::any_io_executor executor, Core& core, const Configuration& configuration,
                         frontends::cli::ServeArguments arguments, Stops stops);

// Serves JSON-RPC on stdin and stdout until stdin ends, or until SIGINT, SIGTERM or SIGHUP.
Task<int> serve_stdio(asio::any_io_executor executor, Core& core, const Configuration& configuration);

}  // namespace dind::app
