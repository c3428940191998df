// The time of day in the form that files and protocols use.
#pragma once

#include <chrono>
#include <cstdint>

namespace dind {

// Unix milliseconds (UTC).
inline std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace dind
