// Whom a network device may send frames to: with the fence, the machine behind the gateway alone, and never under the
// gateway's own address.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

// A device of an IPv4 network, as the fence found it. Addresses in network order.
struct Link {
  char name[16];
  uint32_t index, address, gateway;
  unsigned char own[6], beyond[6];  // hardware addresses: the device's, and its gateway's
};

// A next hop that is nobody's address, whose hardware address is the gateway's. Network order.
uint32_t next_hop();

// Fills in what the kernel knows of the device called `name`, and asks the link for the gateway's hardware address.
// False with errno: ETIMEDOUT where no gateway answers.
bool read_link(int netlink, Link& link);

// Takes answers from addresses to which the device has no way: the gateway's requests of ARP would be dropped as forged
// once it is unreachable. By netlink, since engines differ in what they take for a network's switches (N01). False with
// errno.
bool accept_any_source(int netlink, const Link& link);

// From then on no address on the link resolves but next_hop(): a datagram that names its device for itself (IP_PKTINFO)
// finds no route, for which the kernel takes every address for one on the link, and asks there for it. The sandbox
// still answers for its own address. False with errno.
bool pin_neighbours(int netlink, const Link& link);

}  // namespace dind::supervisor
