// The image that holds the supervisor and nothing else. What runs in it is ours, whatever a caller's image says: the
// egress filter, the holder of a build's network, and what carries files into volumes (S01).
#pragma once

#include <string>

#include "dind/error.hpp"

namespace dind::sandbox {

inline constexpr const char* kSupervisorImages = "dind-executor/supervisor";  // its names begin with it
inline constexpr const char* kSupervisorInImage = "/supervisor";

struct SupervisorImage {
  std::string name;     // "dind-executor/supervisor:<hash of its content>": another version of ours has another name
  std::string layer;    // "sha256:…" of its only layer. A name is anybody's to give; this is not
  std::string archive;  // as the engine loads it. The same supervisor makes the same bytes, and the same image ID
};
const Result<SupervisorImage>& supervisor_image();

}  // namespace dind::sandbox
