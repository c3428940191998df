// The patterns of a .dockerignore, any bytes, on paths of any bytes.
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
    dind::fuzz::require(rules.error().message.starts_with("Line "), "what is refused has a line");
    dind::fuzz::require(rules.error().message.find('\n') == std::string::npos, "a message is one line");
    return 0;
  }
  const bool ignored = rules->ignored(path);
  const auto more = IgnoreRules::parse(std::string(text) + "\n!**", "x");
  dind::fuzz::require(more && !more->ignored(path), "an exception for everything keeps everything");
  if (!path.empty() && path.find('/') == std::string_view::npos && ignored)
    dind::fuzz::require(rules->may_keep_below(path) || rules->ignored(std::string(path) + "/x"),
                        "what is in an ignored folder is ignored, but for an exception");
  return 0;
}
