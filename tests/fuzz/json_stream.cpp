// A stream of JSON objects (events, pull progress): any split gives the same objects.
#include "engine/json_stream.hpp"

#include "fuzz.hpp"

using namespace dind;

namespace {

struct Heard {
  std::vector<std::string> objects;
  bool broken = false;
  bool complete = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::uint32_t how) {
  engine::JsonStream stream;
  Heard heard;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    heard.broken = !stream.feed(piece, [&](std::string_view object) {
      fuzz::require(object.starts_with('{') && object.size() >= 2, "an object starts with a brace");
      heard.objects.emplace_back(object);
    });
    return !heard.broken;
  });
  heard.complete = stream.complete();
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
