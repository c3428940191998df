// Reads requirements files as pip does: encodings, comments, continued lines, files that include other files.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"

namespace dind {

struct Requirements {
  std::vector<std::string> lines;        // each as `checked_requirement` returns it
  std::vector<std::string> constraints;  // from `-c FILE`: they bound versions, but install nothing
};

// Returns the bytes of a file. `path`: of the first file as the caller gave it, or of an included file. The path of an
// included file is joined to the folder of the file that includes it.
using ReadRequirementsFile = std::function<Result<std::string>(const std::string& path)>;

// Reads `path` and the files that it includes (`-r`, `-c`: relative to the including file), at most 32 files. Errors:
// those of `read`, and invalid_request with file, line, problem and remedy in one line.
Result<Requirements> read_requirements(const std::string& path, const ReadRequirementsFile& read);

// Reads a list of dependencies that a client sends. Each item is a line of such a file, so
// `open(…).read().splitlines()` works. Includes are refused. Errors (invalid_request) name the item.
Result<std::vector<std::string>> read_requirement_items(const std::vector<std::string>& items);

}  // namespace dind
