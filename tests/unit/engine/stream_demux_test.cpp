#include "engine/stream_demux.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

namespace stream_demux_test {

using namespace dind;
using namespace dind::engine;

namespace {

using Frames = std::vector<std::pair<int, std::string>>;

std::string encode(const Frames& frames) {
  std::string out;
  for (const auto& [channel, bytes] : frames) {
    out += static_cast<char>(channel);
    out.append(3, '\0');
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift);
    out += bytes;
  }
  return out;
}

// Joins adjacent chunks of the same channel.
Result<Frames> decode(std::vector<std::string_view> pieces) {
  StreamDemux demux;
  Frames out;
  for (auto piece : pieces) {
    StreamDemux::Chunk chunk{};
    while (true) {
      const auto more = demux.next(piece, chunk);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      if (out.empty() || out.back().first != chunk.channel) out.emplace_back(chunk.channel, "");
      out.back().second += chunk.bytes;
    }
    if (!piece.empty()) return fail(ErrorCode::internal, "input left");
  }
  return out;
}

const Frames kFrames{
    {1, "hello\n"}, {2, ""}, {2, std::string("\x01\0\0\0\0\0\0\x05", 8)}, {1, std::string(300, 'x')}, {3, "engine"}};
const Frames kExpected{
    {1, "hello\n"}, {2, std::string("\x01\0\0\0\0\0\0\x05", 8)}, {1, std::string(300, 'x')}, {3, "engine"}};

}  // namespace

TEST_CASE("The output stream of a container has the same chunks wherever it is split") {
  const std::string stream = encode(kFrames);
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO(split);
    const auto frames = decode({std::string_view(stream).substr(0, split), std::string_view(stream).substr(split)});
    REQUIRE(frames);
    CHECK(*frames == kExpected);
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < stream.size(); ++i) bytes.push_back(std::string_view(stream).substr(i, 1));
  CHECK(decode(bytes) == kExpected);
}

TEST_CASE("A frame of the engine that is larger than the buffer is passed on in parts") {
  const std::string head("\x01\0\0\0\xff\xff\xff\xff", 8);
  StreamDemux demux;
  std::string_view input = head;
  StreamDemux::Chunk chunk{};
  CHECK(demux.next(input, chunk) == false);
  for (int i = 0; i < 3; ++i) {
    input = "abcd";
    CHECK(demux.next(input, chunk) == true);
    CHECK(chunk.bytes == "abcd");
    CHECK(input.empty());
  }
}

TEST_CASE("Bytes that are not a header are an error, not output") {
  for (const std::string& bad : {std::string("plain text of a TTY"), std::string("\x01\0\x01\0\0\0\0\x01", 8),
                                 std::string("\x04\0\0\0\0\0\0\x01", 8)}) {
    const auto frames = decode({bad});
    REQUIRE_FALSE(frames);
    CHECK(frames.error().code == ErrorCode::engine_error);
  }
}

}  // namespace stream_demux_test
