// The end of a run as an exit code of a shell.
#pragma once

#include "dind/run_event.hpp"

namespace dind {

inline constexpr int kProcessLimitExit = 121;
inline constexpr int kDiskLimitExit = 122;
inline constexpr int kOutputLimitExit = 123;
inline constexpr int kTimeoutExit = 124;
inline constexpr int kOutOfMemoryExit = 137;
inline constexpr int kCancelledExit = 130;

// The program's own exit code, 128 + signal, or the limit's (docs/cli.md).
int returncode(const RunResult& result);

}  // namespace dind
