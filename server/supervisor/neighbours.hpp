// Restricts where a network device may send frames. With the egress filter: only to the machine that is the gateway,
// and never to the gateway's own IP address.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

// A device of an IPv4 network, as it was before the egress filter. Addresses in network order.
struct Link {
  char name[16];
  uint32_t index, address, gateway;
  unsigned char own[6], beyond[6];  // hardware addresses of the device and of its gateway
};

// A next hop that is no machine's address, and whose hardware address is the gateway's. Network order.
uint32_t next_hop();

// Fills in what the kernel knows about the device `link.name`, and finds the gateway's hardware address by ARP. False
// with errno: ETIMEDOUT if no gateway answers.
bool read_link(int netlink, Link& link);

// Accepts packets from addresses to which the device has no route (rp_filter 0). Otherwise the kernel drops the
// gateway's ARP requests as forged once it is unreachable. Uses netlink, because engines differ in which sysctls of a
// network they accept (N01). False with errno.
bool accept_any_source(int netlink, const Link& link);

// After this call, only next_hop() resolves on the link. The reason: if a datagram names its device itself (IP_PKTINFO)
// and no route exists, the kernel treats every address as on-link and asks there for it. The sandbox still answers ARP
// for its own address. False with errno.
bool pin_neighbours(int netlink, const Link& link);

}  // namespace dind::supervisor
