// BuildKit's progress, as the engine passes it on: a protobuf message of its control API (StatusResponse), base64 in a
// line of JSON. Read by hand: five fields of three messages. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dind::engine {

struct BuildkitTrace {
  struct Vertex {  // a step
    std::string digest, name, error;
    bool cached = false, started = false, completed = false;
  };
  std::vector<Vertex> vertexes;
  std::vector<std::string> logs;  // bytes of a step's output
};

// False: these are not the bytes of such a message; what was read before the fault is there.
bool read_buildkit_trace(std::string_view bytes, BuildkitTrace& into);

}  // namespace dind::engine
