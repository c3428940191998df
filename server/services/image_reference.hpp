// An image's name, read as the engine reads it: which registry, which repository. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

// Docker Hub's name among credentials.
inline constexpr std::string_view kHubServer = "https://index.docker.io/v1/";

struct ImageReference {
  std::string registry;    // "docker.io", "ghcr.io", "127.0.0.1:5000"
  std::string repository;  // "library/python", "team/tool"
  bool operator==(const ImageReference&) const = default;
};

// Without tag and digest. "python:3.12" is docker.io's library/python.
ImageReference image_reference(std::string_view name);

// The registry's name among credentials: kHubServer for docker.io, else the registry itself.
std::string credentials_server(const ImageReference& reference);

// The sha256:… of that image among the engine's RepoDigests ("repository@sha256:…"), where one is of the name's
// repository. None for an image that no registry has seen, or that is named by its ID.
std::optional<std::string> digest_of(std::string_view name, const std::vector<std::string>& repo_digests);

}  // namespace dind
