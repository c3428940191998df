#include "services/buildkit_bound.hpp"

#include <charconv>

#include "support/units.hpp"

namespace dind {

namespace {

std::int64_t number_of(const engine::Labels& labels, const char* label) {
  const auto it = labels.find(label);
  if (it == labels.end()) return 0;
  std::int64_t number = 0;
  const char* end = it->second.data() + it->second.size();
  const auto read = std::from_chars(it->second.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

std::string what_it_is(const BuildkitBound& bound) {
  return format_bytes(bound.memory_bytes) + " of memory and " + std::to_string(bound.pids) + " processes";
}

}  // namespace

std::optional<BuildkitBound> buildkit_bound(const engine::Labels& labels) {
  const BuildkitBound bound{.memory_bytes = number_of(labels, "dind-executor.build.memory"),
                            .pids = number_of(labels, "dind-executor.build.pids")};
  return bound.memory_bytes > 0 && bound.pids > 0 ? std::optional(bound) : std::nullopt;
}

std::string buildkit_note(const std::optional<BuildkitBound>& bound) {
  return bound ? "" : "BuildKit's steps have no bounds on this engine: see `dind-executor doctor`";
}

std::string buildkit_killed_note(const BuildkitBound& bound) {
  return "a step of the build was killed: all steps of BuildKit's on this engine together may have " +
         format_bytes(bound.memory_bytes) + " of memory (DIND_BUILD_MEMORY of the engine)";
}

DoctorCheck check_buildkit(bool used, const std::optional<BuildkitBound>& bound) {
  using Status = DoctorCheck::Status;
  if (!used) return {"BuildKit", Status::ok, "not used: what is built here, the classic builder builds", ""};
  if (bound) return {"BuildKit", Status::ok, "all of its steps together have " + what_it_is(*bound), ""};
  return {"BuildKit", Status::warning, "its steps have no bound on memory and processes",
          "Set one where the engine is started (docs/operations.md, \"Builds\"), or take the classic builder "
          "(build.builder)"};
}

}  // namespace dind
