#include "services/builds/buildkit_notes.hpp"

#include "support/units.hpp"

namespace dind {

std::string buildkit_note(const std::optional<engine::BuildkitBound>& bound) {
  return bound ? "" : "BuildKit's steps have no bounds on this engine: see `dind-executor doctor`";
}

std::string buildkit_killed_note(const engine::BuildkitBound& bound) {
  return "a step of the build was killed: all BuildKit steps on this engine together may use " +
         format_bytes(bound.memory_bytes) + " of memory (DIND_BUILD_MEMORY of the engine)";
}

}  // namespace dind
