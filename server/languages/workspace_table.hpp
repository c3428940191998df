// The rules that say how a whole folder runs: the rows of languages/workspace/programs.json, in order of preference
// (embedded in the program at build time).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dind/error.hpp"

namespace dind::languages {

// One row: a file, and what runs if it exists. "{folder}" in label and command is the subfolder's name.
struct WorkspaceRow {
  std::string id;                      // "npm-start"
  std::string label;                   // "npm start"
  std::vector<std::string> files;      // the first one that exists counts
  bool subfolders = false;             // searched in each subfolder instead of in the folder itself
  bool build = false;                  // the file is a Dockerfile: it is built with the folder as context, and run
  bool extra = false;                  // offered, but runs only if chosen
  std::vector<std::string> json_text;  // the file is JSON and must have a text here; a path of names
  std::string language;                // the id of a recipe: image, environment, installer
  std::vector<std::string> images;     // without a language
  std::vector<std::string> command;    // argv; empty with `build`
  std::vector<std::pair<std::string, std::string>> env;
  std::string dependencies;  // a file of dependencies, which are installed first if it exists
  // If one of these JSON objects is not empty and `folder` does not exist, `missing` is reported.
  struct Installed {
    std::vector<std::string> json_objects;
    std::string folder;
    std::string missing;
  };
  Installed installed;
};

// Parsed once. A broken embedded table is a bug; the first call throws.
std::span<const WorkspaceRow> workspace_table();

// Errors (invalid_request) name the row and the field.
Result<std::vector<WorkspaceRow>> parse_workspace_table(std::string_view json);

}  // namespace dind::languages
