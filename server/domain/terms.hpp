// The words of a remedy, in the terms of the client that asked for the run: a flag, a field or a setting. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind {

struct InTerms {
  std::string fields, flags, settings;
};

// Returns the text for `terms`.
std::string in_terms(Terms terms, InTerms words);

// All words are quoted and, if long, shortened (support/text/quoted.hpp).
//
// "--with a --with 'b>=2'" · "\"dependencies\": [\"a\", \"b>=2\"]"; for an editor: a line of requirements.txt.
// Follows a colon.
std::string packages_in_terms(Terms terms, const std::vector<std::string>& packages);

// "(--image), or build one (--dockerfile)" and similar. Follows "choose an image that has it".
std::string image_remedy(Terms terms);

// "-e A=1" · "\"env\": {\"A\": \"1\"}"; for an editor: the start of a command. Follows a colon.
std::string variables_in_terms(Terms terms, const std::map<std::string, std::string>& variables);

// A command with the files of a folder, both quoted for a shell: "--workspace DIR -- node app.js" and similar. Follows
// a colon.
std::string folder_run_in_terms(Terms terms, const std::string& folder, const std::string& command);

// How an ARG of a Dockerfile gets its value: "a value (--build-arg NAME=VALUE)" and its like. Follows "give it".
std::string build_value_in_terms(Terms terms);

// "allow more (--tmp, at most the operator's limits.max.tmp)": for a folder in memory that was full.
std::string more_tmp_in_terms(Terms terms);

}  // namespace dind
