#include "dind/exit_code.hpp"

#include <csignal>

namespace dind {

int returncode(const RunResult& result) {
  switch (result.verdict) {
    case Verdict::ok:
      return 0;
    case Verdict::failed:
      return result.exit_code.value_or(1) & 0xff;
    case Verdict::signalled:
      return 128 + result.signal.value_or(SIGKILL);
    case Verdict::timeout:
      return kTimeoutExit;
    case Verdict::out_of_memory:
      return kOutOfMemoryExit;
    case Verdict::process_limit:
      return kProcessLimitExit;
    case Verdict::output_limit:
      return kOutputLimitExit;
    case Verdict::disk_limit:
      return kDiskLimitExit;
    case Verdict::cancelled:
      return kCancelledExit;
  }
  return 1;
}

}  // namespace dind
