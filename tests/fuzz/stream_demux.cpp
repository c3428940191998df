// The engine's attach stream: any split gives the same bytes in each channel and the same error.
#include "engine/stream_demux.hpp"

#include "fuzz.hpp"

using namespace dind;

namespace {

struct Heard {
  std::string channels[4];
  std::string order;  // the channels in their order, without repetitions
  bool broken = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::uint32_t how) {
  engine::StreamDemux demux;
  Heard heard;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    const char* const end = piece.data() + piece.size();
    engine::StreamDemux::Chunk chunk{};
    while (true) {
      const auto more = demux.next(piece, chunk);
      if (!more) {
        heard.broken = true;
        return false;
      }
      if (!*more) {
        fuzz::require(piece.empty(), "all bytes are taken before more are requested");
        return true;
      }
      fuzz::require(chunk.channel >= 0 && chunk.channel <= 3 && !chunk.bytes.empty(),
                    "a chunk has a valid channel and bytes");
      fuzz::require(chunk.bytes.data() + chunk.bytes.size() <= end, "a chunk is a part of its piece");
      heard.channels[chunk.channel] += chunk.bytes;
      const char name = static_cast<char>('0' + chunk.channel);
      if (!heard.order.ends_with(name)) heard.order += name;
    }
  });
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
