// What a remedy names, in the terms of whoever asked for the run: a flag, a field or a setting, and no other. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind {

struct InTerms {
  std::string fields, flags, settings;
};

// The one of the three that the asker has.
std::string in_terms(Terms terms, InTerms words);

// Whatever is in a word: it is quoted, and shortened where it is long (support/quoted.hpp).
//
// "--require a --require 'b>=2'" · "\"requirements\": [\"a\", \"b>=2\"]"; an editor has a file for it. Follows a colon.
std::string packages_in_terms(Terms terms, const std::vector<std::string>& packages);

// "-e A=1" · "\"env\": {\"A\": \"1\"}"; an editor's command begins with them. Follows a colon.
std::string variables_in_terms(Terms terms, const std::map<std::string, std::string>& variables);

// A command with the files of a folder, both as a shell reads them: "--workspace DIR -- node app.js" and its like.
// Follows a colon.
std::string folder_run_in_terms(Terms terms, const std::string& folder, const std::string& command);

// How an ARG of a Dockerfile gets its value: "a value (--build-arg NAME=VALUE)" and its like. Follows "give it".
std::string build_value_in_terms(Terms terms);

}  // namespace dind
