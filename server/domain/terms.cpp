#include "domain/terms.hpp"

#include <string_view>
#include <utility>

#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

void append(std::string& list, std::string_view separator, const std::string& part) {
  list += (list.empty() ? "" : std::string(separator)) + part;
}

}  // namespace

std::string in_terms(Terms terms, InTerms words) {
  switch (terms) {
    case Terms::flags:
      return std::move(words.flags);
    case Terms::settings:
      return std::move(words.settings);
    case Terms::execute:
      return words.fields + " in POST /runs";
    case Terms::fields:
      break;
  }
  return std::move(words.fields);
}

std::string packages_in_terms(Terms terms, const std::vector<std::string>& packages) {
  InTerms words;
  for (const auto& each : packages) {
    append(words.fields, ", ", json_word(each));
    append(words.flags, " ", "--with " + shell_word(each));
    append(words.settings, ", ", shortened(escaped(each), kMaxWordLength));
  }
  words.fields = "\"dependencies\": [" + words.fields + "]";
  words.settings = "write " + words.settings + " into requirements.txt beside the program, and run the whole folder";
  return in_terms(terms, std::move(words));
}

std::string image_remedy(Terms terms) {
  return in_terms(terms, {.fields = "(\"image\"), or build one (\"dockerfile\")",
                          .flags = "(--image), or build one (--dockerfile)",
                          .settings = "(the setting dind.images), or run a folder with a Dockerfile"});
}

std::string variables_in_terms(Terms terms, const std::map<std::string, std::string>& variables) {
  InTerms words;
  for (const auto& [name, value] : variables) {
    append(words.fields, ", ", json_word(name) + ": " + json_word(value));
    append(words.flags, " ", "-e " + shell_word(name + '=' + value));
    append(words.settings, " ", name + '=' + shell_word(value));
  }
  words.fields = "\"env\": {" + words.fields + "}";
  words.settings = "begin the command with " + words.settings;
  return in_terms(terms, std::move(words));
}

std::string more_tmp_in_terms(Terms terms) {
  const auto more = [](const std::string& how) {
    return "allow more (" + how + ", at most the operator's limits.max.tmp)";
  };
  return in_terms(terms,
                  {.fields = more("\"limits.tmp\""), .flags = more("--tmp"), .settings = more("the setting dind.tmp")});
}

std::string build_value_in_terms(Terms terms) {
  return in_terms(terms, {.fields = "a value (\"buildArgs\")",
                          .flags = "a value (--build-arg NAME=VALUE)",
                          .settings = "a value in its ARG line"});
}

std::string folder_run_in_terms(Terms terms, const std::string& folder, const std::string& command) {
  return in_terms(terms, {.fields = "a run with the workspace and the command `" + command + "`",
                          .flags = "--workspace " + folder + " -- " + command,
                          .settings = "Run Workspace in DinD, with the command `" + command + "`"});
}

}  // namespace dind
