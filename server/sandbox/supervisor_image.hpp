// Makes the image that holds only the supervisor.
//
// Its containers run only the supervisor, whatever a caller's image contains: the egress filter, the network holder of
// a build, and the carriers that copy files into volumes (S01).
#pragma once

#include <string>

#include "dind/error.hpp"

namespace dind::sandbox {

inline constexpr const char* kSupervisorImages = "dind-executor/supervisor";  // the start of its names
inline constexpr const char* kSupervisorInImage = "/supervisor";

struct SupervisorImage {
  std::string name;     // "dind-executor/supervisor:<hash of its content>": another supervisor has another name
  std::string layer;    // "sha256:…" of its only layer. Anyone can give an image the name, but not this layer
  std::string archive;  // as the engine loads it. The same supervisor has the same bytes and the same image ID
};
const Result<SupervisorImage>& supervisor_image();

}  // namespace dind::sandbox
