// Which files of a build's context stay at home: the patterns of a .dockerignore, as docker reads them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dind::sandbox {

class IgnoreRules {
 public:
  // The text of a .dockerignore: a pattern a line, `#` comments, `!` exceptions, `**` for any number of folders.
  explicit IgnoreRules(std::string_view text);

  // Whether `path` (relative, parts divided by '/') is left out: the last pattern that matches it, or one of the
  // folders that it is in, decides.
  bool ignored(std::string_view path) const;
  // Whether something inside of an ignored folder may be wanted nevertheless.
  bool has_exceptions() const { return exceptions_; }

 private:
  struct Rule {
    std::vector<std::string> parts;
    bool exception = false;
  };
  std::vector<Rule> rules_;
  bool exceptions_ = false;
};

}  // namespace dind::sandbox
