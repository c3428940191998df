#include "dind/run_event.hpp"

namespace dind {

std::string_view to_string(Verdict verdict) {
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

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::queue:
      return "queue";
    case Stage::image:
      return "image";
    case Stage::dependencies:
      return "dependencies";
    case Stage::build:
      return "build";
    case Stage::container:
      return "container";
    case Stage::program:
      return "program";
  }
  return "program";
}

std::string_view to_string(Isolation isolation) { return isolation == Isolation::gvisor ? "gvisor" : "runc"; }

std::optional<Isolation> parse_isolation(std::string_view text) {
  for (const auto each : {Isolation::runc, Isolation::gvisor})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

std::string_view to_string(WorkspaceAccess access) {
  return access == WorkspaceAccess::read_write ? "readWrite" : "readOnly";
}

std::optional<WorkspaceAccess> parse_workspace_access(std::string_view text) {
  for (const auto each : {WorkspaceAccess::read_only, WorkspaceAccess::read_write})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

std::string_view to_string(PullPolicy policy) {
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

std::optional<PullPolicy> parse_pull_policy(std::string_view text) {
  for (const auto policy : {PullPolicy::missing, PullPolicy::never, PullPolicy::always})
    if (to_string(policy) == text) return policy;
  return std::nullopt;
}

}  // namespace dind
