#include "supervisor/neighbours.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/netlink.hpp"

namespace dind::supervisor {
namespace {

// From linux/neighbour.h and linux/rtnetlink.h.
struct NeighbourMessage {
  uint8_t family, pad1;
  uint16_t pad2;
  uint32_t device;
  uint16_t state;
  uint8_t flags, type;
};
struct TableMessage {
  uint8_t family, pad1;
  uint16_t pad2;
};
struct LinkMessage {
  uint8_t family, pad;
  uint16_t type;
  uint32_t device, flags, change;
};
constexpr uint16_t kSetLink = 19, kNewNeighbour = 28, kDeleteNeighbour = 29, kSetTable = 67;
constexpr uint16_t kFamilies = 26, kIpv4Switches = 1, kSourceFilter = 8;  // attributes of links
constexpr uint32_t kNeighbourGroup = 1U << 2;
constexpr uint16_t kReachable = 0x02, kPermanent = 0x80;
constexpr uint8_t kUse = 1;
constexpr uint16_t kAddress = 1, kHardware = 2;      // attributes of neighbours
constexpr uint16_t kTableName = 1, kParameters = 6;  // attributes of tables
constexpr uint16_t kDevice = 1, kProbesByDaemon = 9, kProbesToOne = 10, kProbesToEverybody = 11;  // of parameters

NeighbourMessage neighbour(const Link& link, uint16_t state, uint8_t flags) {
  NeighbourMessage message{};
  message.family = AF_INET;
  message.device = link.index;
  message.state = state;
  message.flags = flags;
  return message;
}

bool pin(int netlink, const Link& link, uint32_t address, const unsigned char (&hardware)[6]) {
  NetlinkRequests request;
  request.begin(kNewNeighbour, kAcknowledge | kCreate | kReplace, neighbour(link, kPermanent, 0));
  request.add_number(kAddress, address);
  request.add(kHardware, hardware, sizeof hardware);
  return request.ask(netlink);
}

// Reads a kernel message: takes the hardware address if it belongs to the gateway and has just been confirmed.
bool tells(const unsigned char* bytes, size_t length, Link& link) {
  NetlinkHeader header;
  NeighbourMessage message;
  if (length < sizeof header + sizeof message) return false;
  memcpy(&header, bytes, sizeof header);
  memcpy(&message, bytes + sizeof header, sizeof message);
  if (header.type != kNewNeighbour || message.family != AF_INET || message.device != link.index ||
      (message.state & kReachable) == 0)
    return false;
  uint32_t address = 0;
  bool hardware = false;
  for (size_t at = sizeof header + sizeof message; at + sizeof(NetlinkAttribute) <= length;) {
    NetlinkAttribute attribute;
    memcpy(&attribute, bytes + at, sizeof attribute);
    if (attribute.length < sizeof attribute || at + attribute.length > length) break;
    const size_t size = attribute.length - sizeof attribute;
    const auto* data = bytes + at + sizeof attribute;
    if (attribute.type == kAddress && size == sizeof address) memcpy(&address, data, size);
    if (attribute.type == kHardware && size == sizeof link.beyond) {
      memcpy(link.beyond, data, size);
      hardware = true;
    }
    at += (attribute.length + 3U) & ~3U;
  }
  return hardware && address == link.gateway;
}

bool resolve_gateway(int netlink, Link& link) {
  const int told = open_netlink(0, kNeighbourGroup);
  if (told < 0) return false;
  NetlinkRequests request;
  request.begin(kDeleteNeighbour, kAcknowledge, neighbour(link, 0, 0));
  request.add_number(kAddress, link.gateway);
  request.ask(netlink);  // usually it does not exist
  request.begin(kNewNeighbour, kAcknowledge | kCreate, neighbour(link, 0, kUse));
  request.add_number(kAddress, link.gateway);
  bool known = false;
  if (request.ask(netlink)) {
    errno = ETIMEDOUT;
    unsigned char bytes[1024];
    for (ssize_t length; !known && (length = recv(told, bytes, sizeof bytes, 0)) > 0;)
      known = tells(bytes, static_cast<size_t>(length), link);
    if (!known && errno == EAGAIN) errno = ETIMEDOUT;
  }
  const int why = errno;
  close(told);
  errno = why;
  return known;
}

bool is_zero(const Link& link, const char* parameter, const char* kind = "neigh") {
  char path[96], value[16] = {};
  snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s/%s/%s", kind, link.name, parameter);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const bool zero = fd >= 0 && read(fd, value, sizeof value - 1) == 2 && strcmp(value, "0\n") == 0;
  if (fd >= 0) close(fd);
  return zero;
}

}  // namespace

uint32_t next_hop() { return htonl(0xa9fe0001U); }

bool read_link(int netlink, Link& link) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  ifreq request{};
  memcpy(request.ifr_name, link.name, sizeof link.name);
  bool good = ioctl(fd, SIOCGIFINDEX, &request) == 0;
  link.index = static_cast<uint32_t>(request.ifr_ifindex);
  good = good && ioctl(fd, SIOCGIFHWADDR, &request) == 0;
  memcpy(link.own, request.ifr_hwaddr.sa_data, sizeof link.own);
  good = good && ioctl(fd, SIOCGIFADDR, &request) == 0;
  sockaddr_in address;
  memcpy(&address, &request.ifr_addr, sizeof address);
  link.address = address.sin_addr.s_addr;
  const int why = errno;
  close(fd);
  errno = why;
  return good && resolve_gateway(netlink, link);
}

bool accept_any_source(int netlink, const Link& link) {
  LinkMessage message{};
  message.device = link.index;
  NetlinkRequests request;
  request.begin(kSetLink, kAcknowledge, message);
  const auto families = request.open(kFamilies);
  const auto ipv4 = request.open(AF_INET);
  const auto switches = request.open(kIpv4Switches);
  request.add_number(kSourceFilter, 0);
  request.close(switches);
  request.close(ipv4);
  request.close(families);
  errno = 0;
  return request.ask(netlink) && is_zero(link, "rp_filter", "conf");
}

bool pin_neighbours(int netlink, const Link& link) {
  NetlinkRequests request;
  request.begin(kSetTable, kAcknowledge, TableMessage{AF_INET, 0, 0});
  request.add_text(kTableName, "arp_cache");
  const auto parameters = request.open(kParameters);
  request.add_number(kDevice, link.index);
  constexpr uint16_t kProbes[] = {kProbesByDaemon, kProbesToOne, kProbesToEverybody};
  for (const uint16_t each : kProbes) request.add_number(each, 0);
  request.close(parameters);
  // An address with the device's own hardware address is unreachable: a bridge sends no frame back to its origin. The
  // broadcast (255.255.255.255) and all-hosts (224.0.0.1) addresses need no ARP, so they are pinned too.
  return pin(netlink, link, next_hop(), link.beyond) && pin(netlink, link, link.gateway, link.own) &&
         pin(netlink, link, htonl(0xffffffffU), link.own) && pin(netlink, link, htonl(0xe0000001U), link.own) &&
         request.ask(netlink) && is_zero(link, "app_solicit") && is_zero(link, "ucast_solicit") &&
         is_zero(link, "mcast_solicit");
}

}  // namespace dind::supervisor
