// Applies the operator's limits: defaults for what a caller leaves out, and the max for what it requests.
#pragma once

#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

struct LimitPolicy {
  Limits defaults;
  Limits max{.timeout = std::chrono::hours(1),
             .memory_bytes = 8LL << 30,
             .cpus = 64.0,
             .pids = 4096,
             .tmp_bytes = 4LL << 30,
             .open_files = 65536,
             .file_bytes = 8LL << 30,
             .output_bytes = 64LL << 30};
  bool allow_internet = true;
};

struct EffectiveLimits {
  Limits limits;
  std::vector<std::string> notes;  // "timeout 7200 s is more than the maximum; 3600 s is in force"
};
// Errors (invalid_request): a value that is 0, negative, not finite or less than the min; the message names it.
Result<EffectiveLimits> apply_limit_policy(const LimitPolicy& policy, const LimitsRequest& request);

}  // namespace dind
