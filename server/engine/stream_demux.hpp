// Splits the engine's multiplexed attach stream (8-byte header: channel, three zeros, big-endian length) into chunks.
// No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dind/error.hpp"

namespace dind::engine {

class StreamDemux {
 public:
  struct Chunk {
    int channel;  // 1 stdout, 2 stderr (0 stdin and 3, the engine's own error text, are rare: treat as stderr)
    std::string_view bytes;
  };
  // Takes the next chunk off the front of `input` (a part of a frame's payload is a chunk too). False: more bytes are
  // needed, and `input` is empty. Error: not a stream header.
  Result<bool> next(std::string_view& input, Chunk& chunk);

 private:
  std::array<unsigned char, 8> header_{};
  std::size_t header_size_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace dind::engine
