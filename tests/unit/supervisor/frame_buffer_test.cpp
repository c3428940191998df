#include "supervisor/frame_buffer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace frame_buffer_test {

using namespace dind;
using supervisor::FrameBuffer;

namespace {

std::string frame(const supervision::Header& header, const std::string& payload) {
  std::string bytes(supervision::kHeaderSize, '\0');
  supervision::put_header(reinterpret_cast<unsigned char*>(bytes.data()), header);
  return bytes + payload;
}
std::string frame(unsigned char type, unsigned char channel, const std::string& payload) {
  return frame({.type = type, .channel = channel, .length = static_cast<std::uint32_t>(payload.size())}, payload);
}

// The frames in `bytes`, which arrive in two parts: type, channel and payload of each.
std::string split(std::string_view bytes, std::size_t cut) {
  const auto buffer = std::make_unique<FrameBuffer>();
  std::string text;
  for (std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
    while (!part.empty()) {
      const auto size = std::min(part.size(), buffer->free_size());
      REQUIRE(size > 0);
      std::memcpy(buffer->free_space(), part.data(), size);
      buffer->added(size);
      part.remove_prefix(size);
      supervisor::Frame next;
      FrameBuffer::Next result;
      while ((result = buffer->next(next)) == FrameBuffer::Next::frame)
        text += std::string(1, static_cast<char>(next.type)) + std::to_string(next.channel) + ":" +
                std::string(reinterpret_cast<const char*>(next.payload), next.size) + ";";
      if (result == FrameBuffer::Next::too_long) return text + "too long";
    }
  }
  return text;
}

}  // namespace

TEST_CASE("The supervisor reads the same frames wherever the stream is cut") {
  const std::string bytes = frame('V', 0, "abcd") + frame('c', 1, "in") + frame('J', 0, "") + frame('c', 255, "x");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) CHECK(split(bytes, cut) == "V0:abcd;c1:in;J0:;c255:x;");
}

TEST_CASE("The largest frame fits, and a larger one is refused by its header") {
  const std::string large(supervision::kMaxPayload, 'x');
  CHECK(split(frame('c', 1, large) + frame('J', 0, ""), 5) == "c1:" + large + ";J0:;");
  for (const std::uint32_t length : {std::uint32_t{supervision::kMaxPayload} + 1, std::uint32_t{0xffffff}})
    CHECK(split(frame({.type = 'c', .channel = 1, .length = length}, ""), 3) == "too long");
}

}  // namespace frame_buffer_test
