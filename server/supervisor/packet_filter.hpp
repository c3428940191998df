// The fence's second half, where the kernel has nf_tables: what goes out is looked at packet by packet, whoever made
// it.
#pragma once

#include "supervisor/machine_addresses.hpp"
#include "supervisor/neighbours.hpp"

namespace dind::supervisor {

// No packet of IPv4 leaves by this device for what is near (kBlockedRanges, the subnet with `bits`, and the first 100
// of the machine's own addresses: a request has a size), port 53 excepted. False with errno: the kernel has no
// nf_tables.
bool filter_packets(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine);

// The same for whole frames, those of a raw socket too: to the gateway's machine alone, from the link's own addresses,
// and nothing but IPv4 and answers of ARP. False with errno: the kernel is older than 5.16, or has no nf_tables.
bool filter_frames(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine);

}  // namespace dind::supervisor
