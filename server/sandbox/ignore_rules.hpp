// Which files of a build's context stay at home: the patterns of a .dockerignore, as BuildKit reads them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "sandbox/ignore_pattern.hpp"

namespace dind::sandbox {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  // The text of a .dockerignore: a pattern a line, `#` comments, `!` exceptions, `**` for any number of folders.
  // Error: invalid_request (docker refuses a pattern), with the line and `file_name`.
  static Result<IgnoreRules> parse(std::string_view text, std::string_view file_name);

  // By pattern: whether it matched a path, or a folder that the path is in.
  using Matched = std::vector<bool>;
  // Whether `path` (relative, parts divided by '/') is left out. `folder`: what was found for the folder that it is in,
  // empty for the context itself. `own`: what to give for what lies in `path`.
  bool ignored(std::string_view path, const Matched& folder, Matched& own) const;
  bool ignored(std::string_view path) const;
  // Whether an exception may bring back something in an ignored folder.
  bool may_keep_below(std::string_view folder) const;

 private:
  std::vector<IgnorePattern> patterns_;
};

}  // namespace dind::sandbox
