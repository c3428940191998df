// The limit on the size of the files that this process writes (RLIMIT_FSIZE, `ulimit -f`).
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>

namespace dind {

// In bytes; none: unlimited.
inline std::optional<std::uint64_t> file_size_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

}  // namespace dind
