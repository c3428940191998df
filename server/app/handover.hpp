// `dind-executor run` with a server of ours at hand: which one fits, and who serves.
#pragma once

#include <string>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "support/task.hpp"

namespace dind::app {

// The place where servers with just these settings take runs; empty: there is none, or it is not wanted.
std::string handover_path(const Configuration& configuration, const std::string& host);

// Takes runs there until the core is to be left.
Task<void> take_handovers(asio::any_io_executor executor, Core& core, std::string path);

}  // namespace dind::app
