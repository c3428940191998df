// Recognizes by its message that a disk is full, as programs and engines report it.
#pragma once

#include <string>
#include <string_view>

#include "support/text/lower.hpp"

namespace dind {

inline constexpr const char* kFreeEngineDisk =
    "free disk space on the engine's machine (`dind-executor gc`, `docker system prune`)";

inline bool says_disk_full(std::string_view text) {
  const auto low = lower(text);
  return low.contains("no space left on device") || low.contains("disk quota exceeded") || low.contains("enospc");
}

}  // namespace dind
