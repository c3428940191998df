// Requests to the kernel's networking by netlink. Uses no kernel headers, because a build with musl only does not have
// them.
#pragma once

#include <stdint.h>

namespace dind::supervisor {

struct NetlinkHeader {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
};
struct NetlinkAttribute {
  uint16_t length, type;
};
constexpr uint16_t kNetlinkError = 2;
constexpr uint16_t kRequest = 1, kAcknowledge = 4, kReplace = 0x100, kCreate = 0x400, kAppend = 0x800;

// A socket for `protocol` (NETLINK_ROUTE, …) that receives the messages of `groups`; -1 with errno. A receive waits at
// most 3 s.
int open_netlink(int protocol, uint32_t groups);

// Requests that are sent together. If they do not fit, nothing is sent, and ask() fails with ENOBUFS.
class NetlinkRequests {
 public:
  // Begins a request: a header, a fixed part, and the attributes that follow until the next begin().
  void begin(uint16_t type, uint16_t flags, const void* fixed, uint32_t length);
  template <typename Fixed>
  void begin(uint16_t type, uint16_t flags, const Fixed& fixed) {
    begin(type, flags, &fixed, sizeof fixed);
  }
  void add(uint16_t type, const void* data, uint32_t length);
  void add_number(uint16_t type, uint32_t number) { add(type, &number, sizeof number); }  // in memory order
  void add_text(uint16_t type, const char* text);
  // Opens an attribute that contains attributes: those added until `close`, which gets the value that `open` returned.
  uint32_t open(uint16_t type);
  void close(uint32_t opened);
  // True: the kernel carried out all requests. False with errno. Empties the object.
  bool ask(int netlink);

 private:
  void add_raw(const void* data, uint32_t length);
  void end();

  alignas(4) unsigned char bytes_[64 << 10];
  uint32_t size_ = 0, begun_ = 0, count_ = 0;
  bool full_ = false;
};

}  // namespace dind::supervisor
