// The signals that end a server, one after another.
#pragma once

#include <initializer_list>

#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::app {

// At the first signal what runs may go on to its end, at the second it is cancelled, and at the third the process ends
// at once.
struct Stops {
  Cancel drain, stop;
};

// From now on these signals are heard, as long as `executor` runs.
void listen_for_stop(const asio::any_io_executor& executor, std::initializer_list<int> signals, Stops stops);

}  // namespace dind::app
