#include "support/io/descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace dind {
namespace {

constexpr rlim_t kEnough = 65'536;  // some programs that dind-executor starts try every number up to the limit
constexpr std::size_t kForOthers = 24;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kEnough));
}

std::size_t descriptors_for(std::size_t max, std::size_t each) {
  const auto limit = descriptor_limit();
  const auto half = (limit - std::min(limit, kForOthers)) / 2;
  return std::clamp<std::size_t>(half / each, 1, max);
}

bool no_descriptors_left(int error) { return error == EMFILE || error == ENFILE; }

bool no_descriptors_left() { return lacks_descriptors(1); }

bool lacks_descriptors(int wanted) {
  if (wanted == 0) return false;
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return no_descriptors_left(errno);
  const bool lacks = lacks_descriptors(wanted - 1);
  ::close(fd);
  return lacks;
}

std::string descriptor_shortage() {
  return "All " + std::to_string(descriptor_limit()) +
         " file descriptors of this process are in use (its limit, or the machine's). Try again; the operator can "
         "raise the limit (ulimit -n, LimitNOFILE= of systemd, ulimits.nofile of Docker)";
}

}  // namespace dind
