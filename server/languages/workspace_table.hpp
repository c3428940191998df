// What tells how a whole folder runs: the rows of languages/workspace/programs.json, in order of preference (embedded
// in the program at build time).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dind/error.hpp"

namespace dind::languages {

// One row: a file that is there, and what runs then. "{folder}" in label and command is the subfolder's name.
struct WorkspaceRow {
  std::string id;                      // "npm-start"
  std::string label;                   // "npm start"
  std::vector<std::string> files;      // the first of them that is there
  bool subfolders = false;             // looked for in each folder of the folder, instead of in itself
  bool build = false;                  // the file is a Dockerfile: built with the folder as its context, and run
  bool extra = false;                  // offered, but it never runs without being chosen
  std::vector<std::string> json_text;  // the file is JSON and must have a text here, as a path of names
  std::string language;                // a recipe's id: image, environment, installer
  std::vector<std::string> images;     // without a language
  std::vector<std::string> command;    // argv; empty with `build`
  std::vector<std::pair<std::string, std::string>> env;
  std::string requirements;  // a file of packages that is installed first where it is there
  // Where one of these objects of the JSON is not empty, `folder` must be there, or `missing` is said.
  struct Installed {
    std::vector<std::string> json_objects;
    std::string folder;
    std::string missing;
  };
  Installed installed;
};

// Parsed once; a broken embedded table is a bug and throws at the first call.
std::span<const WorkspaceRow> workspace_table();

// Errors (invalid_request) name the row and the field.
Result<std::vector<WorkspaceRow>> parse_workspace_table(std::string_view json);

}  // namespace dind::languages
