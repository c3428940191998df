#include "supervisor/machine_addresses.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/blocked_ranges.hpp"

namespace dind::supervisor {
namespace {

bool is_known(uint32_t address, const MachineAddresses& found) {
  if (address >> 24 == 127) return true;
  for (const AddressRange& block : kBlockedRanges)
    if (address >> (32 - block.bits) == block.address >> (32 - block.bits)) return true;
  for (size_t i = 0; i < found.count; ++i)
    if (found.all[i] == address) return true;
  return false;
}

}  // namespace

bool read_machine_addresses(const char* path, MachineAddresses& found) {
  FILE* file = fopen(path, "re");
  if (file == nullptr) return errno == ENOENT;
  // "|-- 203.0.113.50", then a line with its kind: "/32 host LOCAL".
  uint32_t address = 0;
  char line[256];
  bool fits = true;
  while (fits && fgets(line, sizeof line, file) != nullptr) {
    if (const char* leaf = strstr(line, "|-- ")) {
      char text[16];
      in_addr parsed;
      address =
          sscanf(leaf + 4, "%15[0-9.]", text) == 1 && inet_pton(AF_INET, text, &parsed) == 1 ? ntohl(parsed.s_addr) : 0;
    } else if (strstr(line, "/32 host LOCAL") != nullptr && address != 0 && !is_known(address, found)) {
      fits = found.count < MachineAddresses::kMaxCount;
      if (fits) found.all[found.count++] = address;
    }
  }
  const bool broken = ferror(file) != 0;
  const int why = broken ? errno : E2BIG;
  fclose(file);
  errno = why;
  return fits && !broken;
}

const char* device_with_ipv6() {
  static char device[20];
  FILE* file = fopen("/proc/net/if_inet6", "re");
  if (file == nullptr) return nullptr;  // the kernel has no IPv6
  char line[256];
  const char* found = nullptr;
  while (found == nullptr && fgets(line, sizeof line, file) != nullptr)
    if (sscanf(line, "%*s %*s %*s %*s %*s %19s", device) == 1 && strcmp(device, "lo") != 0) found = device;
  fclose(file);
  return found;
}

}  // namespace dind::supervisor
