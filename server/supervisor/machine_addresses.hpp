// The addresses of the engine's machine. Its public addresses are blocked like its gateway: its firewall does not
// protect it from a bridge as it does from the internet (S08).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

struct MachineAddresses {
  static constexpr size_t kMaxCount = 1024;
  uint32_t all[kMaxCount];  // host order; without addresses in kBlockedRanges and loopback addresses
  size_t count = 0;
};

// Reads a file in the format of /proc/net/fib_trie. True without addresses if the file does not exist. False with
// errno: it cannot be read, or has more than kMaxCount addresses.
bool read_machine_addresses(const char* path, MachineAddresses& found);

// The name of a device, except the loopback, that has an IPv6 address, which the egress filter does not cover. Null:
// there is no such device. In this process's network.
const char* device_with_ipv6();

}  // namespace dind::supervisor
