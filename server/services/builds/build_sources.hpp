// Finds what a Dockerfile takes from outside of its context: images, and sources that the engine would fetch by itself.
// Only dind-executor pulls images, never the builder. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "services/builds/dockerfile.hpp"

namespace dind {

// What is known of an image that the engine has.
struct BaseFacts {
  std::map<std::string, std::string> env;
  std::vector<std::string> on_build;  // its ONBUILD triggers, which run in each build on this image
  std::string arch;                   // "amd64"; empty: not known
};
using KnownImages = std::map<std::string, BaseFacts>;  // by the name in the Dockerfile

struct SourceRules {
  bool buildkit = false;
  bool remote = false;  // the engine may fetch ADD's addresses, run any BuildKit frontend, build for another machine
  std::map<std::string, std::string> arguments = {};  // build arguments (--build-arg)
  std::string target = {};                            // the stage to build; empty: the last one
  std::string os = {}, arch = {};                     // the engine's: "linux", "amd64"; empty: not known
  Terms terms = Terms::fields;                        // of the person who reads the errors
};

// The images that a Dockerfile names, each once, in order. They are in FROM (with ARGs expanded as Docker does), COPY
// --from, RUN --mount=from, "# syntax=", and in the ONBUILD triggers of the images in `known`. `scratch` and the
// Dockerfile's own stages do not count. Call it again with what was found until it names nothing new. Only if all
// images are known, everything is checked.
// Errors (invalid_request), each with the line and what to do:
// - an image whose name is not known before the build
// - ADD of an address, or of a word that may become one
// - a BuildKit frontend that is not one of Docker's own
// - a platform of another machine
Result<std::vector<std::string>> image_sources(const Dockerfile& dockerfile, const KnownImages& known,
                                               const SourceRules& rules);

// Whether the classic builder may run a program for this Dockerfile, by any reading. Triggers of base images count.
bool runs_something(const Dockerfile& dockerfile, const KnownImages& known);

}  // namespace dind
