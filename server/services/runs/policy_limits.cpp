#include "services/runs/policy_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "dind/limit_bounds.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

std::string number(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%g", value);
  return buffer;
}

std::unexpected<Error> not_positive(std::string_view what, const std::string& seen) {
  return fail(ErrorCode::invalid_request,
              std::string(what) + " must be more than 0, not " + seen + "; there is no value for \"unlimited\"");
}

// What the run gets: the requested value, or the default, but never more than the max. `exact`: used where both texts
// are equal.
template <typename T, typename Text, typename Exact>
T clamped(std::string_view what, const std::optional<T>& asked, T by_default, T most, std::vector<std::string>& notes,
          Text text, Exact exact) {
  if (!asked) return by_default < most ? by_default : most;
  if (!(most < *asked)) return *asked;
  std::string wanted = text(*asked), granted = text(most);
  if (wanted == granted) {
    wanted = exact(*asked);
    granted = exact(most);
  }
  notes.push_back(std::string(what) + ' ' + wanted + " is more than the maximum; " + granted + " is in force");
  return most;
}

std::string exact_number(double value) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

}  // namespace

Result<EffectiveLimits> apply_limit_policy(const LimitPolicy& policy, const LimitsRequest& request) {
  if (request.timeout && request.timeout->count() <= 0) {
    return not_positive("timeout", number(static_cast<double>(request.timeout->count()) / 1000) + " s");
  }
  if (request.memory_bytes && *request.memory_bytes <= 0) {
    return not_positive("memory", std::to_string(*request.memory_bytes));
  }
  if (request.cpus && !(std::isfinite(*request.cpus) && *request.cpus > 0))
    return not_positive("cpus", number(*request.cpus));
  if (request.pids && *request.pids <= 0) return not_positive("pids", std::to_string(*request.pids));
  if (request.tmp_bytes && *request.tmp_bytes <= 0) return not_positive("tmp", std::to_string(*request.tmp_bytes));

  if (request.memory_bytes && *request.memory_bytes < kMinMemoryBytes) {
    return fail(ErrorCode::invalid_request,
                "memory must be at least " + format_bytes(kMinMemoryBytes) + " (" + std::to_string(kMinMemoryBytes) +
                    " bytes; the engine refuses less), not " + std::to_string(*request.memory_bytes) + " bytes");
  }
  if (request.cpus && *request.cpus < kMinCpus) {
    return fail(ErrorCode::invalid_request,
                "cpus must be at least 0.01 (the engine refuses less), not " + number(*request.cpus));
  }
  if (request.pids && *request.pids < kMinPids)
    return fail(ErrorCode::invalid_request, "pids must be at least " + std::to_string(kMinPids) +
                                                " (the sandbox's own first process is one of them), not " +
                                                std::to_string(*request.pids));
  if (request.tmp_bytes && *request.tmp_bytes < kMinTmpBytes)
    return fail(ErrorCode::invalid_request, "tmp must be at least " + format_bytes(kMinTmpBytes) +
                                                " (the program's own files are there), not " +
                                                std::to_string(*request.tmp_bytes) + " bytes");

  EffectiveLimits granted;
  const Limits& usual = policy.defaults;
  const Limits& most = policy.max;
  using Milliseconds = std::chrono::milliseconds;
  granted.limits.timeout = clamped(
      "timeout", request.timeout, usual.timeout, most.timeout, granted.notes,
      [](Milliseconds time) { return number(static_cast<double>(time.count()) / 1000) + " s"; },
      [](Milliseconds time) { return std::to_string(time.count()) + " ms"; });
  const auto size = [](std::int64_t bytes) { return format_bytes(bytes); };
  const auto exact_size = [](std::int64_t bytes) { return std::to_string(bytes) + " bytes"; };
  granted.limits.memory_bytes =
      clamped("memory", request.memory_bytes, usual.memory_bytes, most.memory_bytes, granted.notes, size, exact_size);
  granted.limits.cpus = clamped("cpus", request.cpus, usual.cpus, most.cpus, granted.notes, number, exact_number);
  const auto count = [](std::int64_t pids) { return std::to_string(pids); };
  granted.limits.pids = clamped("pids", request.pids, usual.pids, most.pids, granted.notes, count, count);
  granted.limits.tmp_bytes =
      clamped("tmp", request.tmp_bytes, usual.tmp_bytes, most.tmp_bytes, granted.notes, size, exact_size);
  granted.limits.open_files = std::min(usual.open_files, most.open_files);
  granted.limits.file_bytes = std::min(usual.file_bytes, most.file_bytes);
  granted.limits.output_bytes = std::min(usual.output_bytes, most.output_bytes);
  return granted;
}

}  // namespace dind
