// Decides which files of a build's context are not sent: the patterns of a .dockerignore, as BuildKit reads them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "services/builds/ignore_pattern.hpp"

namespace dind {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  // Parses the text of a .dockerignore: one pattern a line, `#` comments, `!` exceptions, `**` for any number of
  // folders.
  // Error: invalid_request (docker refuses a pattern; the text exceeds a limit), with the line and `file_name`.
  static Result<IgnoreRules> parse(std::string_view text, std::string_view file_name);

  // For each pattern: whether it matched a path, or a folder that contains the path.
  using Matched = std::vector<bool>;
  // Whether `path` (relative, parts separated by '/') is excluded. `folder`: the result for the folder that contains
  // it, empty for the context itself. `own`: receives the value to pass as `folder` for what is in `path`.
  bool ignored(std::string_view path, const Matched& folder, Matched& own) const;
  bool ignored(std::string_view path) const;
  // Whether an exception may include something in an ignored folder again.
  bool may_keep_below(std::string_view folder) const;

 private:
  std::vector<IgnorePattern> patterns_;
};

}  // namespace dind
