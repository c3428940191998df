// How long the program may take to end.
#pragma once

#include <chrono>

namespace dind::app {

// From the signal or the end of the client to the end of the process: for runs, their containers and the history.
inline constexpr std::chrono::milliseconds kShutdownTimeout{10'000};
// For the replies to clients that go; what is left is for the containers of their runs.
inline constexpr std::chrono::milliseconds kClientShutdownTimeout = kShutdownTimeout - std::chrono::seconds(2);

}  // namespace dind::app
