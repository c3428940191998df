#include "domain/terms.hpp"

#include <string_view>
#include <utility>

namespace dind {
namespace {

std::string for_a_shell(const std::string& word) {
  return word.find_first_of(" <>[];!*'\"") == std::string::npos ? word : "'" + word + "'";
}

std::string quoted_text(const std::string& word) { return '"' + word + '"'; }

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
    case Terms::fields:
      break;
  }
  return std::move(words.fields);
}

std::string packages_in_terms(Terms terms, const std::vector<std::string>& packages) {
  InTerms words;
  for (const auto& each : packages) {
    append(words.fields, ", ", quoted_text(each));
    append(words.flags, " ", "--require " + for_a_shell(each));
    append(words.settings, ", ", each);
  }
  words.fields = "\"requirements\": [" + words.fields + "]";
  words.settings = "write " + words.settings + " into requirements.txt beside the program, and run the whole folder";
  return in_terms(terms, std::move(words));
}

std::string variables_in_terms(Terms terms, const std::map<std::string, std::string>& variables) {
  InTerms words;
  for (const auto& [name, value] : variables) {
    append(words.fields, ", ", quoted_text(name) + ": " + quoted_text(value));
    append(words.flags, " ", "-e " + for_a_shell(name + '=' + value));
    append(words.settings, " ", name + '=' + for_a_shell(value));
  }
  words.fields = "\"env\": {" + words.fields + "}";
  words.settings = "begin the command with " + words.settings;
  return in_terms(terms, std::move(words));
}

std::string folder_run_in_terms(Terms terms, const std::string& folder, const std::string& command) {
  return in_terms(terms, {.fields = "a run with the workspace and the command `" + command + "`",
                          .flags = "--workspace " + folder + " -- " + command,
                          .settings = "Run Workspace in DinD, with the command `" + command + "`"});
}

}  // namespace dind
