#include "supervisor/cgroup.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/egress_filter.hpp"

namespace dind::supervisor {

bool read_file(const char* path, char* buffer, unsigned long size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  unsigned long used = 0;
  while (used + 1 < size) {
    const ssize_t n = read(fd, buffer + used, size - 1 - used);
    if (n <= 0) break;
    used += static_cast<unsigned long>(n);
  }
  buffer[used] = 0;
  close(fd);
  return true;
}

namespace {

bool number(const char* path, uint64_t& value) {
  char text[64];
  if (!read_file(path, text, sizeof text) || text[0] < '0' || text[0] > '9') return false;
  value = strtoull(text, nullptr, 10);
  return true;
}

// The number after `key` at the start of a line ("oom_kill 3"); 0 if the key does not exist.
uint64_t keyed(const char* path, const char* key) {
  char text[4096];
  if (!read_file(path, text, sizeof text)) return 0;
  const size_t length = strlen(key);
  for (char* line = text; line != nullptr; line = strchr(line, '\n')) {
    if (*line == '\n') ++line;
    if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoull(line + length + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

CgroupFigures read_cgroup() {
  CgroupFigures f;
  char text[64];
  if (read_file("/sys/fs/cgroup/cgroup.controllers", text, sizeof text)) {  // v2
    f.cpu_us = keyed("/sys/fs/cgroup/cpu.stat", "usage_usec");
    if (!number("/sys/fs/cgroup/memory.peak", f.peak_memory_bytes))  // Linux 5.19 and later
      number("/sys/fs/cgroup/memory.current", f.peak_memory_bytes);
    f.oom_kills = static_cast<uint32_t>(keyed("/sys/fs/cgroup/memory.events", "oom_kill"));
    f.pids_limit_hits = static_cast<uint32_t>(keyed("/sys/fs/cgroup/pids.events", "max"));
    return f;
  }
  uint64_t nanoseconds = 0;
  if (number("/sys/fs/cgroup/cpuacct/cpuacct.usage", nanoseconds) ||
      number("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", nanoseconds))
    f.cpu_us = nanoseconds / 1000;
  number("/sys/fs/cgroup/memory/memory.max_usage_in_bytes", f.peak_memory_bytes);
  f.oom_kills = static_cast<uint32_t>(keyed("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"));
  f.pids_limit_hits = static_cast<uint32_t>(keyed("/sys/fs/cgroup/pids/pids.events", "max"));
  return f;
}

void report_usage(const CgroupFigures& baseline, supervision::ExitReport& report) {
  const CgroupFigures figures = read_cgroup();
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  report.cpu_us = static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                  static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  if (figures.cpu_us > baseline.cpu_us) report.cpu_us = figures.cpu_us - baseline.cpu_us;
  report.peak_memory_bytes =
      figures.peak_memory_bytes != 0 ? figures.peak_memory_bytes : static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  report.oom_kills = figures.oom_kills - baseline.oom_kills;
  report.pids_limit_hits = figures.pids_limit_hits - baseline.pids_limit_hits;
}

namespace {

void print_first_line(const char* key, const char* v2, const char* v1) {
  char text[256];
  if (!read_file(v2, text, sizeof text) && !read_file(v1, text, sizeof text)) return;
  text[strcspn(text, "\n")] = 0;
  printf("%s=%s\n", key, text);
}

void print_cpu_max() {
  char quota[256], period[64];
  if (read_file("/sys/fs/cgroup/cpu.max", quota, sizeof quota)) {
    quota[strcspn(quota, "\n")] = 0;
    printf("cpu_max=%s\n", quota);
    return;
  }
  const bool known = (read_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) &&
                      read_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) ||
                     (read_file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", quota, sizeof quota) &&
                      read_file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", period, sizeof period));
  if (!known) return;
  quota[strcspn(quota, "\n")] = 0;
  period[strcspn(period, "\n")] = 0;
  printf("cpu_max=%s %s\n", quota, period);
}

void print_privileges() {
  char text[8192];
  if (!read_file("/proc/self/status", text, sizeof text)) return;
  for (char* line = strtok(text, "\n"); line != nullptr; line = strtok(nullptr, "\n")) {
    char* colon = strchr(line, ':');
    if (colon == nullptr) continue;
    *colon = 0;
    if (!strcmp(line, "Seccomp") || !strcmp(line, "NoNewPrivs") || !strcmp(line, "CapEff") || !strcmp(line, "CapBnd"))
      printf("%s=%s\n", line, colon + 1 + strspn(colon + 1, " \t"));
  }
}

bool root_is_writable() {
  const int fd = open("/.dind-probe", O_CREAT | O_WRONLY, 0600);
  if (fd < 0) return false;
  close(fd);
  unlink("/.dind-probe");
  return true;
}

int count_interfaces() {  // without loopback
  int interfaces = 0;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return 0;
  for (ifaddrs* i = list; i != nullptr; i = i->ifa_next)
    if (i->ifa_addr != nullptr && (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6) &&
        strcmp(i->ifa_name, "lo") != 0)
      ++interfaces;
  freeifaddrs(list);
  return interfaces;
}

}  // namespace

int probe() {
  print_first_line("memory_max", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes");
  print_first_line("memory_swap_max", "/sys/fs/cgroup/memory.swap.max",
                   "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  struct sysinfo machine;  // of the engine's machine, because a cgroup does not change it
  if (sysinfo(&machine) == 0)
    printf("machine_swap=%llu\n", static_cast<unsigned long long>(machine.totalswap) * machine.mem_unit);
  print_first_line("pids_max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max");
  print_cpu_max();
  printf("uid=%u\ngid=%u\n", getuid(), getgid());
  print_privileges();
  printf("rootfs_writable=%d\n", root_is_writable());
  printf("network_interfaces=%d\n", count_interfaces());
  struct statvfs fs;
  if (statvfs("/tmp", &fs) == 0) printf("tmp_bytes=%llu\n", static_cast<unsigned long long>(fs.f_blocks) * fs.f_frsize);
  if (statvfs("/", &fs) == 0)
    printf("disk_free_bytes=%llu\n", static_cast<unsigned long long>(fs.f_bavail) * fs.f_frsize);
  printf("private_routes=%d\n", count_private_routes());
  printf("time=%lld\n", static_cast<long long>(time(nullptr)));
  return 0;
}

}  // namespace dind::supervisor
