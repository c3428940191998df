#include "services/builds/source_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "services/builds/dockerfile_words.hpp"

namespace dind {

bool names_an_image(std::string_view variable) {
  return !variable.ends_with("VARIANT") && std::ranges::find(kPlatformVariables, variable) != kPlatformVariables.end();
}

bool names_architecture(std::string_view platform, std::string_view architecture) {
  // As containerd normalises them.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kAliases = {
      {{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"}, {"i386", "386"}}};
  const auto text = lower(platform);
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('/', at), text.size());
    std::string_view part = std::string_view(text).substr(at, end - at);
    if (const auto alias = std::ranges::find(kAliases, part, &decltype(kAliases)::value_type::first);
        alias != kAliases.end())
      part = alias->second;
    if (part == architecture) return true;
    at = end + 1;
  }
  return false;
}

bool is_automatic(std::string_view name, bool buildkit) {
  if (lower(name).ends_with("_proxy")) return true;
  if (!buildkit) return false;
  for (const std::string_view side : {"TARGET", "BUILD"}) {
    if (!name.starts_with(side)) continue;
    const auto what = name.substr(side.size());
    for (const std::string_view each : {"PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION", "STAGE"})
      if (what == each) return true;
  }
  return name.starts_with("BUILDKIT_");
}

bool may_be_remote(std::string_view source, bool certain) {
  const auto text = lower(source);
  if (text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/")) return true;
  const auto slash = std::min(text.find('/'), text.size());
  if (const auto at = text.find('@'); at < slash && text.find(':', at) < slash) return true;
  return !certain && slash == text.size() && !text.starts_with('.');
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.find_first_of("$\"'\\`") == std::string_view::npos;
}

std::optional<std::string> platform_value(std::string_view name, const SourceRules& rules) {
  if (!rules.buildkit || rules.os.empty() || rules.arch.empty()) return std::nullopt;
  for (const std::string_view side : {"TARGET", "BUILD"}) {
    if (!name.starts_with(side)) continue;
    const auto what = name.substr(side.size());
    if (what == "OS") return rules.os;
    if (what == "ARCH") return rules.arch;
    if (what == "PLATFORM" && rules.arch != "arm") return rules.os + "/" + rules.arch;  // arm also needs its variant
  }
  return std::nullopt;
}

bool is_dockers_frontend(std::string_view image) {
  for (const std::string_view prefix : {"docker.io/", "index.docker.io/"})
    if (image.starts_with(prefix)) image.remove_prefix(prefix.size());
  const auto repository = image.substr(0, image.find_first_of(":@"));
  return repository == "docker/dockerfile" || repository == "docker/dockerfile-upstream";
}

}  // namespace dind
