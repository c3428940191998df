// What a person is told beside a builder's own words: why a Dockerfile can't be built so, and what to do. Pure.
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
#include "services/dockerfile.hpp"

namespace dind {

struct BuildCircumstances {
  bool buildkit = false;
  bool has_files = false;  // whether a context was sent
  std::map<std::string, std::string> arguments = {};
  Terms terms = Terms::fields;  // of whoever reads the notes
};

// The error for a Dockerfile that the classic builder could take for something else: for a here-document, that of
// Docker 28 runs an empty command instead, and reports success. Only the first `stages` stages are looked at. `name`:
// the Dockerfile's.
std::optional<Error> not_for_this_builder(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                          const std::string& name, std::size_t stages = SIZE_MAX);

// Of any build: variables that only BuildKit sets and that are empty without it. Each with its line.
std::vector<std::string> build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances);

// The arguments that no ARG takes, of the Dockerfile or of its bases' triggers (`on_build`); empty: there are none.
std::string unused_arguments_note(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                  const std::vector<std::string>& on_build);

// Of a build that its Dockerfile brought to an end. `message`: the builder's own; `words`: the end of its output.
std::vector<std::string> failed_build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                            std::string_view message, std::string_view words);

// `text` with the name that a person gave to a file in place of ours.
std::string with_name(std::string text, const std::string& ours, const std::string& name);

}  // namespace dind
