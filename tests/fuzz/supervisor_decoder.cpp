// The bytes that a supervisor sends, which may be hostile: any split gives the same events, and each view is a part of
// the input.
#include "fuzz.hpp"
#include "sandbox/supervision/frame_codec.hpp"

using namespace dind;
using namespace dind::sandbox;

namespace {

struct Heard {
  std::string events, out, err;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::uint32_t how) {
  SupervisorDecoder decoder(bytes.size() % 3 == 0 ? 0xc0ffee : 0);
  Heard heard;
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    const char* const begin = piece.data();
    const char* const end = begin + piece.size();
    FromSupervisor event;
    while (true) {
      const auto more = decoder.next(piece, event);
      if (!more) {
        heard.events += "error " + more.error().message;
        return false;
      }
      if (!*more) {
        fuzz::require(piece.empty(), "all bytes are taken before more are requested");
        return true;
      }
      if (const auto* ready = std::get_if<SupervisorReady>(&event))
        heard.events += "ready " + std::to_string(ready->version) + ";";
      if (std::holds_alternative<ProgramStarted>(event)) heard.events += "began;";
      if (const auto* taken = std::get_if<StdinTaken>(&event))
        heard.events += "taken " + std::to_string(taken->bytes) + ";";
      if (const auto* broken = std::get_if<SupervisorBroken>(&event)) heard.events += "broken " + broken->why + ";";
      if (const auto* report = std::get_if<supervision::ExitReport>(&event)) {
        unsigned char payload[supervision::kExitReportSize];
        supervision::put_report(payload, *report);
        heard.events += "exit " + std::string(reinterpret_cast<const char*>(payload), sizeof payload) + ";";
      }
      if (const auto* output = std::get_if<ProgramOutput>(&event)) {
        fuzz::require(output->bytes.data() >= begin && output->bytes.data() + output->bytes.size() <= end,
                      "output is a part of its piece");
        (output->channel == Channel::out ? heard.out : heard.err) += output->bytes;
      }
    }
  });
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
