#include "services/images/image_reference.hpp"

#include "services/images/built_images.hpp"

namespace dind {

ImageReference image_reference(std::string_view name) {
  name = name.substr(0, name.find('@'));
  // A colon after the last slash begins a tag; a colon before it begins a port.
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos) {
    const auto slash = name.rfind('/');
    if (slash == std::string_view::npos || colon > slash) name = name.substr(0, colon);
  }
  // The first part is a registry if it can't be the name of a user at Docker Hub.
  const auto slash = name.find('/');
  const auto first = name.substr(0, slash);
  if (slash == std::string_view::npos ||
      (first != "localhost" && first.find_first_of(".:") == std::string_view::npos)) {
    return {"docker.io", (slash == std::string_view::npos ? "library/" : "") + std::string(name)};
  }
  ImageReference reference{std::string(first), std::string(name.substr(slash + 1))};
  if (reference.registry == "index.docker.io" || reference.registry == "registry-1.docker.io")
    reference.registry = "docker.io";
  if (reference.registry == "docker.io" && !reference.repository.contains('/'))
    reference.repository.insert(0, "library/");
  return reference;
}

std::string credentials_server(const ImageReference& reference) {
  return reference.registry == "docker.io" ? std::string(kHubServer) : reference.registry;
}

std::optional<std::string> digest_of(std::string_view name, const std::vector<std::string>& repo_digests) {
  if (name.starts_with("sha256:") || name.starts_with(kBuiltNames)) return std::nullopt;
  const auto at = name.find('@');
  const auto asked = at == std::string_view::npos ? std::string_view{} : name.substr(at + 1);
  const auto wanted = image_reference(name);
  for (const auto& each : repo_digests) {
    const auto split = each.find('@');
    if (split == std::string::npos || image_reference(each) != wanted) continue;
    std::string digest = each.substr(split + 1);
    // One image may have been pulled from a repository under several digests.
    if (asked.empty() || digest == asked) return digest;
  }
  return std::nullopt;
}

}  // namespace dind
