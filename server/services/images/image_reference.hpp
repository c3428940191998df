// Parses the name of an image as the engine does: its registry and its repository. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

// The name of Docker Hub in credential files.
inline constexpr std::string_view kHubServer = "https://index.docker.io/v1/";

struct ImageReference {
  std::string registry;    // "docker.io", "ghcr.io", "127.0.0.1:5000"
  std::string repository;  // "library/python", "team/tool"
  bool operator==(const ImageReference&) const = default;
};

// Ignores tag and digest. "python:3.12" is library/python at docker.io.
ImageReference image_reference(std::string_view name);

// The registry's name in credential files: kHubServer for docker.io, else the registry itself.
std::string credentials_server(const ImageReference& reference);

// The digest (sha256:…) of the image `name`: the engine's RepoDigest ("repository@sha256:…") with the repository of
// `name`. nullopt: the image was never in a registry, or `name` is its ID.
std::optional<std::string> digest_of(std::string_view name, const std::vector<std::string>& repo_digests);

}  // namespace dind
