// Reads BuildKit's progress as the engine sends it: a protobuf message of BuildKit's control API (StatusResponse), as
// base64 in a line of JSON. Reads only the needed fields, without a protobuf library. No I/O.
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

// False: the bytes are not such a message. `into` then has what was read before the error.
bool read_buildkit_trace(std::string_view bytes, BuildkitTrace& into);

}  // namespace dind::engine
