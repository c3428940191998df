// What the engine says of a pull, parts of it in a registry's words: any split gives the same, in lines for people.
#include "engine/pull_progress.hpp"

#include "fuzz.hpp"

using namespace dind;

namespace {

std::string hear(std::string_view bytes, std::uint32_t how) {
  engine::PullReader reader;
  std::string heard;
  int last = 0;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    const bool good = reader.feed(piece, [&](const engine::PullProgress& progress) {
      fuzz::require(fuzz::is_utf8(progress.message) && !progress.message.contains('\n'), "a message is a line");
      if (progress.percent) {
        fuzz::require(*progress.percent >= last && *progress.percent <= 100, "it never goes back");
        last = *progress.percent;
      }
      heard += progress.message + ' ' + std::to_string(progress.percent.value_or(-1)) + ';';
    });
    if (!good) heard += "broken";
    return good;
  });
  if (reader.error()) {
    fuzz::require(fuzz::is_utf8(*reader.error()) && !reader.error()->contains('\n'), "an error is a line");
    heard += *reader.error();
  }
  return heard + (reader.complete() ? "complete" : "open");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
