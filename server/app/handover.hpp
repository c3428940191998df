// `dind-executor run` with a server of ours at hand: which one fits, and who serves.
#pragma once

#include <string>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "frontends/cli/arguments.hpp"
#include "support/task.hpp"

namespace dind::app {

// The place where servers with just these settings take runs; empty: there is none, or it is not wanted.
std::string handover_path(const Configuration& configuration, const std::string& host);

// Whether such a run is the same where a server with those settings runs it.
bool may_hand_over(const frontends::cli::RunArguments& arguments, const LogFlags& log,
                   const Configuration& configuration);

// Takes runs at `path` beside `face`, until that ends. Those that have begun then go on to their end, as long as their
// clients live and `stop` is not cancelled. Gives the face's exit code.
Task<int> with_handover_server(asio::any_io_executor executor, Core& core, std::string path, Task<int> face,
                               Cancel stop);

}  // namespace dind::app
