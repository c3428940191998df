// Explains to a person, in addition to the builder's output, why a Dockerfile does not build and what to do. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "services/builds/dockerfile.hpp"

namespace dind {

struct BuildCircumstances {
  bool buildkit = false;
  bool has_files = false;  // a context was sent
  std::map<std::string, std::string> arguments = {};
  Terms terms = Terms::fields;  // of the person who reads the notes
};

// The error for a Dockerfile with a here-document, which the classic builder misreads: the one of Docker 28 runs an
// empty command instead, and reports success. Only the first `stages` stages are checked. `name`: of the Dockerfile.
std::optional<Error> not_for_this_builder(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                          const std::string& name, std::size_t stages = SIZE_MAX);

// Notes for every build: one for each variable, with its line, that is empty because only BuildKit sets it.
std::vector<std::string> build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances);

// Names the build arguments that no ARG declares, in the Dockerfile or in an ONBUILD trigger of a base image
// (`on_build`). Empty: every argument is declared.
std::string unused_arguments_note(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                  const std::vector<std::string>& on_build);

// Notes for a build that failed because of its Dockerfile. `message`: the builder's message. `words`: the end of the
// output.
std::vector<std::string> failed_build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                            std::string_view message, std::string_view words);

// Replaces `ours`, the name that dind-executor gave to a file, with `name`, which a person knows.
std::string with_name(std::string text, const std::string& ours, const std::string& name);

}  // namespace dind
