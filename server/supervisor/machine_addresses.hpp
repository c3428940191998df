// What the engine's machine calls its own: its public addresses are no more of the internet than its gateway is, and
// its firewall keeps a bridge from nothing that it keeps the world from (S08).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervisor {

struct MachineAddresses {
  static constexpr size_t kMaxCount = 1024;
  uint32_t all[kMaxCount];  // host order; without those of kBlockedRanges and the loopback's
  size_t count = 0;
};

// From a file as /proc/net/fib_trie is. One that is not there says nothing: true. False with errno: it can't be read,
// or has more addresses than anybody's machine.
bool read_machine_addresses(const char* path, MachineAddresses& found);

// The name of a device other than the loopback's that has an address of IPv6, which no rule of ours looks at; null:
// there is none. In this process's network.
const char* device_with_ipv6();

}  // namespace dind::supervisor
