// LSP's framing and the messages in it: any split of the input gives the same bodies and the same error.
#include "fuzz.hpp"
#include "rpc/frame_reader.hpp"
#include "rpc/message.hpp"

using namespace dind;

namespace {

struct Heard {
  std::vector<std::string> bodies;
  std::string error;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::uint32_t how) {
  rpc::FrameReader reader;
  Heard heard;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    while (true) {
      auto body = reader.next(piece);
      if (!body) {
        heard.error = body.error().message;
        return false;
      }
      if (!*body) {
        fuzz::require(piece.empty(), "all bytes are taken before more are requested");
        return true;
      }
      heard.bodies.push_back(std::move(**body));
      rpc::parse_message(heard.bodies.back());
    }
  });
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  // A body that is framed and read again is unchanged.
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto framed = hear(rpc::framed(body) + rpc::framed(""), static_cast<std::uint32_t>(size));
  fuzz::require(framed.error.empty() && framed.bodies == std::vector<std::string>{body, ""}, "a framed body is read");
  return 0;
}
