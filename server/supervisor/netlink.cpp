#include "supervisor/netlink.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace dind::supervisor {
namespace {

constexpr uint16_t kNested = 0x8000;

struct NetlinkAddress {
  uint16_t family, pad;
  uint32_t port, groups;
};

}  // namespace

int open_netlink(int protocol, uint32_t groups) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -1;
  const NetlinkAddress self{AF_NETLINK, 0, 0, groups};
  const NetlinkAddress kernel{AF_NETLINK, 0, 0, 0};
  const timeval patience{3, 0};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
      bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) == 0 &&
      connect(fd, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) == 0)
    return fd;
  const int why = errno;
  close(fd);
  errno = why;
  return -1;
}

void NetlinkRequests::add_raw(const void* data, uint32_t length) {
  if (full_ || length > sizeof bytes_ - 4 - size_) {
    full_ = true;
    return;
  }
  memcpy(bytes_ + size_, data, length);
  size_ += length;
  while (size_ % 4 != 0) bytes_[size_++] = 0;
}

void NetlinkRequests::begin(uint16_t type, uint16_t flags, const void* fixed, uint32_t length) {
  end();
  begun_ = size_;
  const NetlinkHeader header{0, type, static_cast<uint16_t>(kRequest | flags), ++count_, 0};
  add_raw(&header, sizeof header);
  add_raw(fixed, length);
}

void NetlinkRequests::end() {
  const uint32_t length = size_ - begun_;
  if (length != 0) memcpy(bytes_ + begun_, &length, sizeof length);
}

void NetlinkRequests::add(uint16_t type, const void* data, uint32_t length) {
  const NetlinkAttribute attribute{static_cast<uint16_t>(sizeof(NetlinkAttribute) + length), type};
  add_raw(&attribute, sizeof attribute);
  add_raw(data, length);
}

void NetlinkRequests::add_text(uint16_t type, const char* text) {
  add(type, text, static_cast<uint32_t>(strlen(text) + 1));
}

uint32_t NetlinkRequests::open(uint16_t type) {
  const uint32_t opened = size_;
  add(static_cast<uint16_t>(type | kNested), nullptr, 0);
  return opened;
}

void NetlinkRequests::close(uint32_t opened) {
  const auto length = static_cast<uint16_t>(size_ - opened);
  if (!full_) memcpy(bytes_ + opened, &length, sizeof length);
}

bool NetlinkRequests::ask(int netlink) {
  end();
  const uint32_t size = size_;
  size_ = begun_ = count_ = 0;
  if (full_) return full_ = false, errno = ENOBUFS, false;
  if (send(netlink, bytes_, size, 0) != static_cast<ssize_t>(size)) return false;
  // The kernel has answered by now: an acknowledgement of each request that wanted one, and an error for each that
  // failed.
  int why = 0;
  bool any = false;
  while (true) {
    struct {
      NetlinkHeader header;
      int32_t error;
      unsigned char rest[512];
    } reply{};
    const ssize_t length = recv(netlink, &reply, sizeof reply, any ? MSG_DONTWAIT : 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < static_cast<ssize_t>(sizeof(NetlinkHeader) + sizeof(int32_t))) break;
    any = true;
    if (reply.header.type != kNetlinkError)
      why = EPROTO;
    else if (why == 0)
      why = -reply.error;
  }
  if (any) errno = why;
  return any && why == 0;
}

}  // namespace dind::supervisor
