// The patterns of a .dockerignore, applied to a path. Both have any bytes.
#include "services/builds/ignore_rules.hpp"

#include <string>

#include "fuzz.hpp"

using dind::IgnoreRules;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto text = all.substr(0, all.find('\0'));
  const auto path = all.substr(std::min(text.size() + 1, all.size()));
  const auto rules = IgnoreRules::parse(text, "Other.dockerignore");
  if (!rules) {
    dind::fuzz::require(rules.error().message.starts_with("Line "), "an error names its line");
    dind::fuzz::require(rules.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const bool ignored = rules->ignored(path);
  const auto more = IgnoreRules::parse(std::string(text) + "\n!**", "x");
  dind::fuzz::require(more && !more->ignored(path), "the exception !** includes every path");
  if (!path.empty() && path.find('/') == std::string_view::npos && ignored)
    dind::fuzz::require(rules->may_keep_below(path) || rules->ignored(std::string(path) + "/x"),
                        "a path in an ignored folder is ignored unless an exception may include it");
  return 0;
}
