// Cleans a path in a sandbox for the engine's list of mounts: "/data/" and "//data/." become "/data".
// An image's VOLUME can be any text, and the engine compares cleaned paths.
#pragma once

#include <filesystem>
#include <string>

namespace dind::sandbox {

inline std::string cleaned(const std::string& path) {
  std::string clean = "/" + std::filesystem::path(path).lexically_normal().relative_path().string();
  if (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
  return clean;
}

}  // namespace dind::sandbox
