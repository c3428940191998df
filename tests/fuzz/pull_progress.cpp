// The progress of a pull, which has texts of the registry: any split gives the same messages, each of one line.
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
      fuzz::require(fuzz::is_utf8(progress.message) && !progress.message.contains('\n'), "a message is one line");
      if (progress.percent) {
        fuzz::require(*progress.percent >= last && *progress.percent <= 100, "the percentage never decreases");
        last = *progress.percent;
      }
      heard += progress.message + ' ' + std::to_string(progress.percent.value_or(-1)) + ';';
    });
    if (!good) heard += "broken";
    return good;
  });
  if (reader.error()) {
    fuzz::require(fuzz::is_utf8(*reader.error()) && !reader.error()->contains('\n'), "an error is one line");
    heard += *reader.error();
  }
  return heard + (reader.complete() ? "complete" : "open");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
