// The ranges that are not the public internet: RFC 6890 and its successors.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

struct AddressRange {
  uint32_t address;  // host order
  int bits;
};

constexpr AddressRange kBlockedRanges[] = {
    {0x00000000, 8},   // "this" network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT
    {0xa83f8110, 32},  // 168.63.129.16: Azure's metadata, the only one in no private block
    {0xa9fe0000, 16},  // link-local, includes cloud metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved and broadcast
};

}  // namespace dind::supervisor
