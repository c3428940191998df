// The signals that end a server, step by step.
#pragma once

#include <initializer_list>

#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::app {

// The first signal lets live runs end by themselves (`drain`). The second cancels them
// (`stop`). The third ends the process at once.
struct Stops {
  Cancel drain, stop;
};

// Handles these signals from now on, as long as `executor` runs.
void listen_for_stop(const asio::any_io_executor& executor, std::initializer_list<int> signals, Stops stops);

}  // namespace dind::app
