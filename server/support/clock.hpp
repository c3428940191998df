// The time of day in the forms that files and protocols use. What measures a duration uses Clock (async/task.hpp).
#pragma once

#include <chrono>
#include <cstdint>

namespace dind {

// Unix milliseconds (UTC).
inline std::int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Unix seconds (UTC), on the clock of this machine. The engine may have another one (engine::Client::unix_now).
inline std::int64_t unix_now() { return unix_now_ms() / 1000; }

}  // namespace dind
