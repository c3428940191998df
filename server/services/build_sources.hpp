// What a Dockerfile takes from elsewhere than its context: images, for which our way of pulling is the only one, and
// what the engine would fetch by itself. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "services/dockerfile.hpp"

namespace dind {

// Of an image that is there.
struct BaseFacts {
  std::map<std::string, std::string> env;
  std::vector<std::string> on_build;  // its ONBUILD triggers, which run in whatever is built on it
  std::string arch;                   // "amd64"; empty: not known
};
using KnownImages = std::map<std::string, BaseFacts>;  // by the name that the Dockerfile has

struct SourceRules {
  bool buildkit = false;
  bool remote = false;  // whether the engine may fetch ADD's addresses, run any frontend, build for another machine
  std::map<std::string, std::string> arguments = {};  // that the builder is given (--build-arg)
  std::string target = {};                            // the stage that is built; empty: the last one
  std::string os = {}, arch = {};                     // the engine's: "linux", "amd64"; empty: not known
  Terms terms = Terms::fields;                        // of whoever reads the errors
};

// The images that it names, each once, in order: FROM (ARGs put in as docker does it), COPY --from, RUN --mount=from,
// "# syntax=", and the triggers of those in `known`. Without `scratch` and its own stages. Call it again with what was
// found until it names nothing new: only where all are known, all was checked.
// Errors (invalid_request), each with the line and what to do: an image that can't be told before the build; ADD of an
// address, or of what may become one; a frontend that isn't docker's own; another machine's platform.
Result<std::vector<std::string>> image_sources(const Dockerfile& dockerfile, const KnownImages& known,
                                               const SourceRules& rules);

// Whether the classic builder may run anything for it, by any reading, a trigger of its bases included.
bool runs_something(const Dockerfile& dockerfile, const KnownImages& known);

}  // namespace dind
