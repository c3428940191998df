// Recognizes by its message that a disk is full, as programs and engines report it.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace dind {

inline constexpr const char* kFreeEngineDisk =
    "free disk space on the engine's machine (`dind-executor gc`, `docker system prune`)";

inline bool says_disk_full(std::string_view text) {
  std::string low(text);
  std::ranges::transform(low, low.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return low.contains("no space left on device") || low.contains("disk quota exceeded") || low.contains("enospc");
}

}  // namespace dind
