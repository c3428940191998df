#include "supervisor/egress_filter.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/blocked_ranges.hpp"
#include "supervisor/machine_addresses.hpp"
#include "supervisor/neighbours.hpp"
#include "supervisor/netlink.hpp"
#include "supervisor/packet_filter.hpp"

namespace dind::supervisor {
namespace {

// From linux/rtnetlink.h and fib_rules.h.
struct RouteMessage {
  uint8_t family, destination_bits, source_bits, tos, table, protocol, scope, type;
  uint32_t flags;
};
struct Rule {
  uint8_t family, destination_bits, source_bits, tos, table, reserved1, reserved2, action;
  uint32_t flags;
};
constexpr uint16_t kNewRoute = 24, kDeleteRoute = 25, kNewRule = 32;
constexpr uint8_t kMainTable = 254, kLocalTable = 255, kDnsTable = 100, kStatic = 4, kToTable = 1, kNoScope = 255;
constexpr uint8_t kUnicast = 1, kBroadcast = 3, kUnreachable = 7;
constexpr uint32_t kOnLink = 4;
constexpr uint16_t kDestination = 1, kOutput = 4, kGateway = 5;                      // attributes of routes
constexpr uint16_t kPriority = 6, kRuleTable = 15, kProtocol = 22, kPortRange = 24;  // attributes of rules

int netlink = -1;

RouteMessage route(uint8_t table, uint8_t type, int bits) {
  RouteMessage message{};
  message.family = AF_INET;
  message.destination_bits = static_cast<uint8_t>(bits);
  message.table = table;
  message.protocol = kStatic;
  message.type = type;
  return message;
}

bool refuse(AddressRange range) {
  NetlinkRequests request;
  request.begin(kNewRoute, kAcknowledge | kCreate | kReplace, route(kMainTable, kUnreachable, range.bits));
  request.add_number(kDestination, htonl(range.address));
  return request.ask(netlink);
}

// The kernel treats the subnet's broadcast address as its own before it looks at the routes. Removes that entry.
bool forget_broadcast(uint32_t address) {
  auto message = route(kLocalTable, kBroadcast, 32);
  message.protocol = 0;
  message.scope = kNoScope;
  NetlinkRequests request;
  request.begin(kDeleteRoute, kAcknowledge, message);
  request.add_number(kDestination, htonl(address));
  return request.ask(netlink) || errno == ESRCH;
}

bool lead_out(uint8_t table, const Link& link) {
  auto message = route(table, kUnicast, 0);
  message.flags = kOnLink;
  NetlinkRequests request;
  request.begin(kNewRoute, kAcknowledge | kCreate | kReplace, message);
  request.add_number(kGateway, next_hop());
  request.add_number(kOutput, link.index);
  return request.ask(netlink);
}

// The engine's resolver sends its queries from the sandbox's network, often to private addresses. So port 53, and
// nothing else, gets a route through a separate table.
bool allow_dns(const Link& link) {
  if (!lead_out(kDnsTable, link)) return false;
  constexpr uint8_t kProtocols[] = {17, 6};  // UDP, TCP
  for (const uint8_t protocol : kProtocols) {
    Rule rule{};
    rule.family = AF_INET;
    rule.table = kDnsTable;
    rule.action = kToTable;
    const uint16_t ports[2] = {53, 53};
    NetlinkRequests request;
    request.begin(kNewRule, kAcknowledge | kCreate, rule);
    request.add_number(kPriority, 100U + protocol);
    request.add_number(kRuleTable, kDnsTable);
    request.add(kProtocol, &protocol, sizeof protocol);
    request.add(kPortRange, ports, sizeof ports);
    if (!request.ask(netlink)) return false;
  }
  return true;
}

// Whether a packet to this address would leave. Connecting a datagram socket looks up the route and sends nothing.
bool reachable(uint32_t address) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(address);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  const bool yes = fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  if (fd >= 0) close(fd);
  return yes;
}

constexpr int kMaxLinks = 8;

struct Subnet {
  char device[16];
  uint32_t base;  // host order
  int bits;
};

// Returns the number of default routes. -1: the routes cannot be read, or there are more routes or subnets than
// kMaxLinks.
int read_routes(Link (&links)[kMaxLinks], Subnet (&subnets)[kMaxLinks]) {
  FILE* routes = fopen("/proc/net/route", "re");
  if (routes == nullptr) return -1;
  int ways = 0, connected = 0;
  char line[256];
  while (fgets(line, sizeof line, routes) != nullptr) {
    char device[16];
    unsigned destination, gateway, flags, mask;
    int a, b, c;
    if (sscanf(line, "%15s %x %x %x %d %d %d %x", device, &destination, &gateway, &flags, &a, &b, &c, &mask) != 8)
      continue;
    if (ways == kMaxLinks || connected == kMaxLinks) return fclose(routes), errno = E2BIG, -1;
    if (destination == 0 && gateway != 0) {
      memcpy(links[ways].name, device, sizeof device);
      links[ways++].gateway = gateway;
    }
    if (destination == 0 || gateway != 0) continue;
    memcpy(subnets[connected].device, device, sizeof device);
    subnets[connected].base = ntohl(destination);
    subnets[connected++].bits = __builtin_popcount(mask);
  }
  fclose(routes);
  return ways;
}

int failed(const char* what) {
  printf("not filtered: %s: %s\n", what, strerror(errno));
  return 1;
}

}  // namespace

int count_private_routes() {
  constexpr uint32_t kNear[] = {0xa83f8110U, 0xa9fea9feU, 0x0a000001U, 0xc0a80001U, 0xac100001U};
  int ways = 0;
  for (const uint32_t address : kNear) ways += reachable(address);
  FILE* routes = fopen("/proc/net/route", "re");
  char line[256];
  while (routes != nullptr && fgets(line, sizeof line, routes) != nullptr) {
    char device[32];
    unsigned destination, gateway;
    if (sscanf(line, "%31s %x %x", device, &destination, &gateway) == 3 && gateway != 0)
      ways += reachable(ntohl(gateway));
  }
  if (routes != nullptr) fclose(routes);
  return ways;
}

int install_egress_filter(const char* machine_routes) {
  netlink = open_netlink(0, 0);
  if (netlink < 0) return failed("no netlink socket");
  // The state before the egress filter: the default routes, and the subnets of the devices.
  Link links[kMaxLinks] = {};
  Subnet subnets[kMaxLinks] = {};
  const int ways = read_routes(links, subnets);
  if (ways < 0) return failed("/proc/net/route");
  const Subnet* own = nullptr;
  for (int i = 0; i < ways; ++i) {
    Link& link = links[i];
    if (!read_link(netlink, link)) return failed("the gateway's hardware address");
    if (!accept_any_source(netlink, link)) return failed("rp_filter of the device");
    // Neighbours come first, because the default route leads to one of them.
    if (!pin_neighbours(netlink, link)) return failed("the neighbours");
    if (!lead_out(kMainTable, link) || !allow_dns(link)) return failed("the way out");
  }
  for (const Subnet& subnet : subnets) {
    if (subnet.device[0] == 0) break;
    // The two halves of the subnet are more specific than its route, which the kernel made.
    const uint32_t mask = ~0U << (32 - subnet.bits), last = subnet.base | ~mask;
    if (subnet.bits < 32 &&
        (!refuse({subnet.base, subnet.bits + 1}) || !refuse({subnet.base | 1U << (31 - subnet.bits), subnet.bits + 1})))
      return failed("the sandbox's own subnet");
    if (!forget_broadcast(last) || !forget_broadcast(subnet.base)) return failed("the subnet's broadcast address");
    if (reachable(last)) return errno = 0, failed("the subnet's broadcast address can still be reached");
    if (ways > 0 && strcmp(subnet.device, links[0].name) == 0) own = &subnet;
  }
  for (const AddressRange& range : kBlockedRanges)
    if (!refuse(range)) return failed("a route");
  static MachineAddresses machine;
  if (!read_machine_addresses(machine_routes != nullptr ? machine_routes : supervision::kMachineRoutes, machine))
    return failed("the machine's own addresses");
  for (size_t i = 0; i < machine.count; ++i)
    if (!refuse({machine.all[i], 32})) return failed("a route to the machine's own address");
  if (const char* device = device_with_ipv6()) {
    printf("not filtered: IPv6 is on at %s\n", device);
    return 1;
  }
  if (count_private_routes() != 0) return errno = 0, failed("the gateway or a private address can still be reached");
  for (int i = 0; i < ways; ++i)
    if (reachable(ntohl(links[i].gateway))) return errno = 0, failed("the gateway can still be reached");
  for (size_t i = 0; i < machine.count; ++i)
    if (reachable(machine.all[i])) return errno = 0, failed("the machine's own address can still be reached");
  const bool packets = own != nullptr && filter_packets(links[0], own->base, own->bits, machine);
  const bool frames = own != nullptr && filter_frames(links[0], own->base, own->bits, machine);
  printf("filtered: routes, neighbours%s%s\n", packets ? ", packets" : "", frames ? ", frames" : "");
  return 0;
}

}  // namespace dind::supervisor
