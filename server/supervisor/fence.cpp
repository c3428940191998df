#include "supervisor/fence.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dind::supervisor {
namespace {

// Of linux/rtnetlink.h, which a build against musl's headers alone does not have.
struct NetlinkHeader {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
};
struct RouteMessage {
  uint8_t family, destination_bits, source_bits, tos, table, protocol, scope, type;
  uint32_t flags;
};
struct Attribute {
  uint16_t length, type;
};
struct NetlinkAddress {
  uint16_t family, pad;
  uint32_t port, groups;
};
struct Rule {
  uint8_t family, destination_bits, source_bits, tos, table, reserved1, reserved2, action;
  uint32_t flags;
};
constexpr int kNetlinkRoute = 0;
constexpr uint16_t kNewRoute = 24, kNewRule = 32, kError = 2;
constexpr uint16_t kRequest = 1, kAcknowledge = 4, kReplace = 0x100, kCreate = 0x400;
constexpr uint8_t kMainTable = 254, kDnsTable = 100, kStatic = 4, kUnicast = 1, kUnreachable = 7, kToTable = 1;
constexpr uint16_t kDestination = 1, kOutput = 4, kGateway = 5;                      // of routes
constexpr uint16_t kPriority = 6, kRuleTable = 15, kProtocol = 22, kPortRange = 24;  // of rules

int netlink = -1;

struct Block {
  uint32_t address;  // host order
  int bits;
};

// Everything that is not the public internet: RFC 6890 and its successors.
constexpr Block kBlocks[] = {
    {0x00000000, 8},   // "this" network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT
    {0xa9fe0000, 16},  // link-local: cloud metadata lives there
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved and broadcast
};

// One request: a header, a fixed part, attributes.
struct Request {
  alignas(4) unsigned char bytes[256];
  uint32_t size = 0;

  template <typename Fixed>
  Request(uint16_t type, uint16_t flags, const Fixed& fixed) {
    const NetlinkHeader header{0, type, static_cast<uint16_t>(kRequest | kAcknowledge | flags), 1, 0};
    add_raw(&header, sizeof header);
    add_raw(&fixed, sizeof fixed);
  }
  void add_raw(const void* data, uint32_t length) {
    memcpy(bytes + size, data, length);
    size += length;
    while (size % 4 != 0) bytes[size++] = 0;
  }
  void add(uint16_t type, const void* data, uint16_t length) {
    const Attribute attribute{static_cast<uint16_t>(sizeof(Attribute) + length), type};
    add_raw(&attribute, sizeof attribute);
    add_raw(data, length);
  }
  bool ask() {
    memcpy(bytes, &size, sizeof size);
    if (send(netlink, bytes, size, 0) != static_cast<ssize_t>(size)) return false;
    struct {
      NetlinkHeader header;
      int32_t error;
      unsigned char rest[512];
    } reply{};
    const ssize_t length = recv(netlink, &reply, sizeof reply, 0);
    if (length < static_cast<ssize_t>(sizeof(NetlinkHeader) + sizeof(int32_t)) || reply.header.type != kError)
      return false;
    errno = -reply.error;
    return reply.error == 0;
  }
};

bool refuse(Block block) {
  RouteMessage route{};
  route.family = AF_INET;
  route.destination_bits = static_cast<uint8_t>(block.bits);
  route.table = kMainTable;
  route.protocol = kStatic;
  route.type = kUnreachable;
  Request request(kNewRoute, kCreate | kReplace, route);
  const uint32_t destination = htonl(block.address);
  request.add(kDestination, &destination, sizeof destination);
  return request.ask();
}

// The engine's resolver asks its servers from within the sandbox's network, and those are private ones more often than
// not: port 53, and nothing else, has a way through a table of its own.
bool allow_dns(uint32_t gateway, uint32_t device) {
  RouteMessage route{};
  route.family = AF_INET;
  route.table = kDnsTable;
  route.protocol = kStatic;
  route.type = kUnicast;
  Request way(kNewRoute, kCreate | kReplace, route);
  const uint32_t to = htonl(gateway);
  way.add(kGateway, &to, sizeof to);
  way.add(kOutput, &device, sizeof device);
  if (!way.ask()) return false;
  constexpr uint8_t kProtocols[] = {17, 6};  // UDP, TCP
  for (const uint8_t protocol : kProtocols) {
    Rule rule{};
    rule.family = AF_INET;
    rule.table = kDnsTable;
    rule.action = kToTable;
    Request request(kNewRule, kCreate, rule);
    const uint32_t priority = 100U + protocol;
    const uint32_t table = kDnsTable;
    const uint16_t ports[2] = {53, 53};
    request.add(kPriority, &priority, sizeof priority);
    request.add(kRuleTable, &table, sizeof table);
    request.add(kProtocol, &protocol, sizeof protocol);
    request.add(kPortRange, ports, sizeof ports);
    if (!request.ask()) return false;
  }
  return true;
}

// Whether a packet to this address would leave: connecting a datagram socket asks the routes and sends nothing.
bool reachable(uint32_t address) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(address);
  const bool yes = fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  if (fd >= 0) close(fd);
  return yes;
}

int failed(const char* what) {
  printf("not fenced: %s: %s\n", what, strerror(errno));
  return 1;
}

}  // namespace

int near_ways() {
  constexpr uint32_t kNear[] = {0xa9fea9feU, 0x0a000001U, 0xc0a80001U, 0xac100001U};
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

int fence() {
  netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, kNetlinkRoute);
  if (netlink < 0) return failed("no netlink socket");
  NetlinkAddress kernel{AF_NETLINK, 0, 0, 0};
  if (connect(netlink, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) != 0) return failed("netlink");
  FILE* routes = fopen("/proc/net/route", "re");
  if (routes == nullptr) return failed("/proc/net/route");
  char line[256];
  while (fgets(line, sizeof line, routes) != nullptr) {
    char device[32];
    unsigned destination, gateway, flags, mask;
    int a, b, c;
    if (sscanf(line, "%31s %x %x %x %d %d %d %x", device, &destination, &gateway, &flags, &a, &b, &c, &mask) != 8)
      continue;
    // Before the gateway becomes unreachable: a route's gateway is looked up when it is made.
    if (destination == 0 && gateway != 0 && !allow_dns(ntohl(gateway), if_nametoindex(device)))
      return failed("a way for DNS");
    if (gateway != 0 || destination == 0) continue;
    // A connected subnet: its two halves are more specific than its own route, which stays for the way to the gateway.
    const int bits = __builtin_popcount(mask) + 1;
    if (bits > 32) continue;
    const uint32_t base = ntohl(destination);
    if (!refuse({base, bits}) || !refuse({base | 1U << (32 - bits), bits})) return failed("the sandbox's own subnet");
  }
  fclose(routes);
  for (const Block& block : kBlocks)
    if (!refuse(block)) return failed("a route");
  if (near_ways() != 0) return errno = 0, failed("the gateway or a private address can still be reached");
  printf("fenced\n");
  return 0;
}

}  // namespace dind::supervisor
