#include "dind/run_event.hpp"

namespace dind {

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::failed:
      return "failed";
    case Verdict::signalled:
      return "signalled";
    case Verdict::timeout:
      return "timeout";
    case Verdict::out_of_memory:
      return "out_of_memory";
    case Verdict::process_limit:
      return "process_limit";
    case Verdict::output_limit:
      return "output_limit";
    case Verdict::disk_limit:
      return "disk_limit";
    case Verdict::cancelled:
      return "cancelled";
  }
  return "failed";
}

std::string_view name(PullPolicy policy) {
  switch (policy) {
    case PullPolicy::missing:
      return "missing";
    case PullPolicy::never:
      return "never";
    case PullPolicy::always:
      return "always";
  }
  return "missing";
}

std::optional<PullPolicy> pull_policy(std::string_view text) {
  for (const auto policy : {PullPolicy::missing, PullPolicy::never, PullPolicy::always})
    if (name(policy) == text) return policy;
  return std::nullopt;
}

}  // namespace dind
