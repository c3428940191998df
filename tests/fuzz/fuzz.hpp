// Code that all fuzz targets share: a check that libFuzzer sees as a crash, and input that is split into pieces.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace dind::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  __builtin_trap();
}

// Calls `feed` with one piece of `bytes` after another until it returns false. Each piece has its own memory, so that a
// sanitizer detects a read past its end. `how` selects the sizes: 0 gives all bytes at once, 1 one byte at a time.
template <typename Feed>
void in_pieces(std::string_view bytes, std::uint32_t how, const Feed& feed) {
  std::uint32_t state = how | 1;
  while (!bytes.empty()) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    const std::size_t wanted = how == 0 ? bytes.size() : how == 1 ? 1 : state % 16 == 0 ? state % 5000 : state % 12;
    const std::vector<char> piece(bytes.begin(),
                                  bytes.begin() + std::min(std::max<std::size_t>(wanted, 1), bytes.size()));
    bytes.remove_prefix(piece.size());
    if (!feed(std::string_view(piece.data(), piece.size()))) return;
  }
}

// Checks that `hear(bytes, how)` gives the same result for every split. The last four bytes of the input select one.
template <typename Hear>
void same_however_split(const std::uint8_t* data, std::size_t size, const Hear& hear) {
  FuzzedDataProvider input(data, size);
  const auto how = input.ConsumeIntegral<std::uint32_t>();
  const std::string bytes = input.ConsumeRemainingBytesAsString();
  const auto whole = hear(bytes, 0);
  require(hear(bytes, 1) == whole, "single bytes give the same result as the whole input");
  require(hear(bytes, how) == whole, "pieces give the same result as the whole input");
}

// Whether `text` is UTF-8 by RFC 3629. This independent check uses no code of the product.
inline bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int more = lead < 0x80             ? 0
                     : (lead & 0xe0) == 0xc0 ? 1
                     : (lead & 0xf0) == 0xe0 ? 2
                     : (lead & 0xf8) == 0xf0 ? 3
                                             : -1;
    if (more < 0 || text.size() - i < static_cast<std::size_t>(more) + 1) return false;
    std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
    for (int k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fU);
    }
    constexpr std::uint32_t kMinCodePoint[] = {0, 0x80, 0x800, 0x10000};
    if (point < kMinCodePoint[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

}  // namespace dind::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
