// A program's bytes as text: always UTF-8, the same for every split, and unchanged if the bytes are UTF-8.
#include "support/text/utf8_stream.hpp"

#include "fuzz.hpp"

using namespace dind;

namespace {

std::string hear(std::string_view bytes, std::uint32_t how) {
  Utf8Stream stream;
  std::string text;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    const auto part = stream.add(piece);
    fuzz::require(fuzz::is_utf8(part), "every part is UTF-8");
    text += part;
    return true;
  });
  const auto rest = stream.finish();
  fuzz::require(fuzz::is_utf8(rest) && stream.finish().empty(), "the rest is UTF-8 and is returned only once");
  text += rest;
  if (fuzz::is_utf8(bytes)) fuzz::require(text == bytes, "UTF-8 is not changed");
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
