// The format of requirements files, as pip reads it: encodings, comments, continued lines, files that include others.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"

namespace dind {

struct Requirements {
  std::vector<std::string> lines;        // each as `checked_requirement` gives it
  std::vector<std::string> constraints;  // of `-c FILE`: bounds on versions of what is installed anyway
};

// The bytes of a file. `path` is that of the first file, or that of an included one relative to the same folder.
using ReadRequirementsFile = std::function<Result<std::string>(const std::string& path)>;

// Reads `path` and what it includes (`-r`, `-c`: relative to the including file; 32 files at most). Errors: those of
// `read`, and invalid_request with file, line, what is wrong and the remedy, in one line.
Result<Requirements> read_requirements(const std::string& path, const ReadRequirementsFile& read);

// The same for a list of packages that a client sends, each item a line of such a file: `open(…).read().splitlines()`
// works. No includes. Errors (invalid_request) name the item.
Result<std::vector<std::string>> read_requirement_items(const std::vector<std::string>& items);

}  // namespace dind
