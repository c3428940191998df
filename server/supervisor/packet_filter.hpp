// The second half of the egress filter, for kernels with nf_tables: it checks each outgoing packet, whichever process
// sent it.
#pragma once

#include "supervisor/machine_addresses.hpp"
#include "supervisor/neighbours.hpp"

namespace dind::supervisor {

// Drops IPv4 packets that leave by this device for blocked addresses, except to port 53. Blocked are kBlockedRanges,
// the subnet with `bits`, and the first 100 addresses of the machine (a request has a max size). False with errno: the
// kernel has no nf_tables.
bool filter_packets(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine);

// The same for whole frames, including those of raw sockets. Allows only frames to the gateway's machine, from the
// link's own addresses, with IPv4 or ARP replies. False with errno: the kernel is older than 5.16 or has no nf_tables.
bool filter_frames(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine);

}  // namespace dind::supervisor
