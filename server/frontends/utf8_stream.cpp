#include "frontends/utf8_stream.hpp"

#include <cstdint>
#include <utility>

namespace dind::frontends {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Sequence {
  std::size_t length = 0;  // bytes that belong together
  bool good = false;
  bool more = false;  // may become good with the bytes that follow
};

// Which second bytes may follow a lead byte, by Unicode's table 3-7.
bool second_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return second >= 0x80 && second <= 0xbf;
  }
}

Sequence first_of(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto lead = at(0);
  if (lead < 0x80) return {1, true, false};
  const std::size_t wanted = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (wanted == 0) return {1, false, false};
  for (std::size_t i = 1; i < wanted; ++i) {
    if (i >= bytes.size()) return {i, false, true};
    if (i == 1 ? !second_fits(lead, at(1)) : (at(i) & 0xc0) != 0x80) return {i, false, false};
  }
  return {wanted, true, false};
}

}  // namespace

std::string Utf8Stream::add(std::string_view bytes) {
  std::string joined;
  if (!pending_.empty()) {
    joined = std::move(pending_);
    joined += bytes;
    bytes = joined;
    pending_.clear();
  }
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto sequence = first_of(bytes);
    if (sequence.more) {
      pending_ = bytes;
      break;
    }
    out += sequence.good ? bytes.substr(0, sequence.length) : kReplacement;
    bytes.remove_prefix(sequence.length);
  }
  return out;
}

std::string Utf8Stream::finish() {
  return std::exchange(pending_, {}).empty() ? std::string() : std::string(kReplacement);
}

}  // namespace dind::frontends
