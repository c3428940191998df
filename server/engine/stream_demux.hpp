// Splits the engine's multiplexed attach stream into chunks. A header has 8 bytes: channel, three zeros, length
// (big-endian). No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dind/error.hpp"

namespace dind::engine {

class StreamDemux {
 public:
  struct Chunk {
    int channel;  // 1 stdout, 2 stderr; treat the rare 0 (stdin) and 3 (the engine's own error text) as stderr
    std::string_view bytes;
  };
  // Takes the next chunk from the front of `input`; a part of a frame's payload is a chunk too. False: `input` is
  // empty, and more bytes are needed. Error: not a stream header.
  Result<bool> next(std::string_view& input, Chunk& chunk);

 private:
  std::array<unsigned char, 8> header_{};
  std::size_t header_size_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace dind::engine
