#include "supervisor/packet_filter.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/blocked_ranges.hpp"
#include "supervisor/netlink.hpp"

namespace dind::supervisor {
namespace {

// From linux/netfilter/nfnetlink.h and nf_tables.h.
struct FilterMessage {
  uint8_t family, version;
  uint16_t resource;
};
constexpr int kNetfilter = 12;
constexpr uint16_t kSubsystem = 10, kBatchBegin = 0x10, kBatchEnd = 0x11;
constexpr uint16_t kNewTable = kSubsystem << 8, kNewChain = kNewTable | 3, kNewRule = kNewTable | 6;
constexpr uint8_t kIpv4 = 2, kDevices = 5;
constexpr uint32_t kOutput = 3, kEgress = 1;  // hooks of kIpv4 and of kDevices
constexpr uint32_t kDrop = 0, kAccept = 1, kVerdict = 0, kRegister = 1;
constexpr uint32_t kLinkHeader = 0, kNetworkHeader = 1;
constexpr uint32_t kEqual = 0, kDifferent = 1, kOutputDevice = 5;
constexpr size_t kMaxDropped = 100;
constexpr unsigned kFrame = 14;  // bytes of an Ethernet header
constexpr const char* kTable = "dind";
constexpr const char* kChain = "egress_filter";

struct Filter {
  NetlinkRequests requests;
  uint8_t family;
  uint32_t base;    // the header from which offsets count
  unsigned packet;  // offset of the packet there
  uint32_t rule, expressions;

  Filter(uint8_t f, uint32_t b, unsigned p) : family(f), base(b), packet(p), rule(0), expressions(0) {
    requests.begin(kBatchBegin, 0, FilterMessage{0, 0, htons(kSubsystem)});
    requests.begin(kNewTable, kCreate, message());
    requests.add_text(1, kTable);
  }
  FilterMessage message() const { return {family, 0, 0}; }

  void chain(uint32_t hook, const char* device, uint32_t policy) {
    requests.begin(kNewChain, kCreate, message());
    requests.add_text(1, kTable);
    requests.add_text(3, kChain);
    const auto where = requests.open(4);
    requests.add_number(1, htonl(hook));
    requests.add_number(2, htonl(0));
    if (device != nullptr) requests.add_text(3, device);
    requests.close(where);
    requests.add_number(5, htonl(policy));
    requests.add_text(7, "filter");
  }
  void begin() {
    requests.begin(kNewRule, kCreate | kAppend | kAcknowledge, message());
    requests.add_text(1, kTable);
    requests.add_text(2, kChain);
    rule = requests.open(4);
  }
  void end(uint32_t verdict) {
    const auto data = open("immediate");
    requests.add_number(1, htonl(kVerdict));
    const auto value = requests.open(2);
    const auto inner = requests.open(2);
    requests.add_number(1, htonl(verdict));
    requests.close(inner);
    requests.close(value);
    close(data);
    requests.close(rule);
  }
  uint32_t open(const char* name) {
    expressions = requests.open(1);
    requests.add_text(1, name);
    return requests.open(2);
  }
  void close(uint32_t data) {
    requests.close(data);
    requests.close(expressions);
  }
  void add_value(uint16_t type, const void* bytes, uint32_t length) {
    const auto opened = requests.open(type);
    requests.add(1, bytes, length);
    requests.close(opened);
  }
  void compare(const void* bytes, uint32_t length, uint32_t how) {
    const auto data = open("cmp");
    requests.add_number(1, htonl(kRegister));
    requests.add_number(2, htonl(how));
    add_value(3, bytes, length);
    close(data);
  }
  void load(uint32_t offset, uint32_t length) {
    const auto data = open("payload");
    requests.add_number(1, htonl(kRegister));
    requests.add_number(2, htonl(base));
    requests.add_number(3, htonl(offset));
    requests.add_number(4, htonl(length));
    close(data);
  }
  void mask(uint32_t bits, uint32_t length) {  // `bits` in memory order
    constexpr uint32_t kNothing = 0;
    const auto data = open("bitwise");
    requests.add_number(1, htonl(kRegister));
    requests.add_number(2, htonl(kRegister));
    requests.add_number(3, htonl(length));
    add_value(4, &bits, length);
    add_value(5, &kNothing, length);
    close(data);
  }
  void bytes(uint32_t offset, const void* expected, uint32_t length, uint32_t how = kEqual) {
    load(offset, length);
    compare(expected, length, how);
  }

  // The rules of both filters: port 53 may go anywhere, and nothing else to blocked addresses.
  void near(uint32_t subnet, int bits, const MachineAddresses& machine) {
    constexpr uint8_t kPlain = 0x45, kProtocols[] = {17, 6};  // an IP header without options; UDP, TCP
    constexpr uint16_t kWhole = 0;
    const uint16_t fragment = htons(0x1fff), port = htons(53);
    for (const uint8_t protocol : kProtocols) {
      begin();
      bytes(packet, &kPlain, 1);
      load(packet + 6, 2);
      mask(fragment, 2);
      compare(&kWhole, 2, kEqual);
      bytes(packet + 9, &protocol, 1);
      bytes(packet + 22, &port, 2);
      end(kAccept);
    }
    for (const auto& block : kBlockedRanges) drop(block);
    drop({subnet, bits});
    for (size_t i = 0; i < machine.count && i < kMaxDropped; ++i) drop({machine.all[i], 32});
  }
  void drop(AddressRange block) {
    const uint32_t address = htonl(block.address);
    begin();
    load(packet + 16, 4);
    mask(htonl(block.bits == 0 ? 0 : ~0U << (32 - block.bits)), 4);
    compare(&address, 4, kEqual);
    end(kDrop);
  }

  bool raise() {
    requests.begin(kBatchEnd, 0, FilterMessage{0, 0, htons(kSubsystem)});
    const int netfilter = open_netlink(kNetfilter, 0);
    if (netfilter < 0) return false;
    const bool done = requests.ask(netfilter);
    const int why = errno;
    ::close(netfilter);
    errno = why;
    return done;
  }
};

}  // namespace

bool filter_packets(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine) {
  Filter filter(kIpv4, kNetworkHeader, 0);
  filter.chain(kOutput, nullptr, kAccept);
  filter.begin();
  const auto data = filter.open("meta");
  filter.requests.add_number(1, htonl(kRegister));
  filter.requests.add_number(2, htonl(kOutputDevice));
  filter.close(data);
  filter.compare(&link.index, sizeof link.index, kDifferent);
  filter.end(kAccept);
  filter.near(subnet, bits, machine);
  return filter.raise();
}

bool filter_frames(const Link& link, uint32_t subnet, int bits, const MachineAddresses& machine) {
  constexpr uint8_t kArp[] = {0x08, 0x06}, kPacket[] = {0x08, 0x00}, kAnswer[] = {0, 2};
  Filter filter(kDevices, kLinkHeader, kFrame);
  filter.chain(kEgress, link.name, kDrop);
  // Compare the bytes of the frame itself: what a raw socket states about its frame is not trusted.
  filter.begin();
  filter.bytes(0, link.beyond, 6, kDifferent);
  filter.end(kDrop);
  filter.begin();
  filter.bytes(6, link.own, 6, kDifferent);
  filter.end(kDrop);
  filter.begin();
  filter.bytes(12, kArp, 2);
  filter.bytes(20, kAnswer, 2);
  filter.bytes(22, link.own, 6);
  filter.bytes(28, &link.address, 4);
  filter.end(kAccept);
  filter.begin();
  filter.bytes(12, kPacket, 2, kDifferent);
  filter.end(kDrop);
  filter.begin();
  filter.bytes(kFrame + 12, &link.address, 4, kDifferent);
  filter.end(kDrop);
  filter.near(subnet, bits, machine);
  filter.begin();
  filter.bytes(12, kPacket, 2);
  filter.end(kAccept);
  return filter.raise();
}

}  // namespace dind::supervisor
