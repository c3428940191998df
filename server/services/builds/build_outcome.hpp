// Decides how a build ended, from what is known at its end. Pure.
#pragma once

#include <optional>
#include <string>

#include "dind/run_event.hpp"
#include "engine/buildkit_bound.hpp"
#include "services/builds/image_builds.hpp"

namespace dind {

struct BuildFacts {
  bool answered = false;  // the engine answered: it has the image, or a step failed
  bool step_failed = false;
  int exit_code = 0;           // of the step that failed; 0: not known
  bool disk_exceeded = false;  // the steps took more disk space than the bound
  bool caller_cancelled = false;
  bool network_lost = false;  // the container that holds the network ended before the build
  bool part_failed = false;   // the upload or the network failed
  bool timed_out = false;
};

enum class BuildEnd {
  image,          // the engine has the image
  cancelled,      // by the caller
  network_lost,   // an error
  part_failed,    // the error of the upload or of the network
  engine_failed,  // the error of the engine
  failure,        // the Dockerfile or a limit: `build_failure` has the verdict
};
BuildEnd build_end(const BuildFacts& facts);

struct BuildFailure {
  Verdict verdict = Verdict::failed;
  std::optional<int> exit_code = {};
  std::string note = {};
};
// `bound`: of all BuildKit steps on the engine.
BuildFailure build_failure(const BuildFacts& facts, const BuildPolicy& policy,
                           const std::optional<engine::BuildkitBound>& bound);

}  // namespace dind
