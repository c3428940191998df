// Tells by its name whether a file is a Dockerfile, like Docker's documentation and editors: `Dockerfile`,
// `Dockerfile.dev`, `app.Dockerfile`, and the same with `Containerfile`. Upper and lower case are equal.
#pragma once

#include <string_view>

#include "support/text/lower.hpp"

namespace dind {

inline bool is_dockerfile_name(std::string_view path) {
  const auto name = lower(path.substr(path.find_last_of("/\\") + 1));
  if (name.ends_with(".dockerignore")) return false;  // the ignore rules of a Dockerfile
  for (const std::string_view kind : {"dockerfile", "containerfile"}) {
    if (name == kind) return true;
    if (name.starts_with(kind) && name[kind.size()] == '.' && name.size() > kind.size() + 1) return true;
    if (name.ends_with(kind) && name.size() > kind.size() + 1 && name[name.size() - kind.size() - 1] == '.')
      return true;
  }
  return false;
}

}  // namespace dind
