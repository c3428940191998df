#include "sandbox/start/own_users.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace dind::sandbox {

std::uint32_t OwnUsers::start_of_this_process() {
  struct stat names{};
  const auto namespace_id = ::stat("/proc/self/ns/pid", &names) == 0 ? static_cast<std::uint64_t>(names.st_ino) : 0;
  // The odd factor gives processes with consecutive ids different start values, far from each other.
  return static_cast<std::uint32_t>((namespace_id * 2'654'435'761U + static_cast<std::uint64_t>(::getpid()) * 633U) %
                                    kOwnUsers);
}

OwnUsers::OwnUsers(std::uint32_t start) : next_(start % kOwnUsers) {}

OwnUsers::Lease OwnUsers::take() {
  Lease lease;
  if (refused_) return lease;
  for (std::uint32_t i = 0; i < kOwnUsers; ++i) {
    const auto at = next_;
    next_ = (next_ + 1) % kOwnUsers;
    if ((*taken_)[at]) continue;
    (*taken_)[at] = true;
    lease.taken_ = std::shared_ptr<const std::uint32_t>(new std::uint32_t(kFirstOwnUser + at),
                                                        [all = taken_, at](const std::uint32_t* id) {
                                                          (*all)[at] = false;
                                                          delete id;
                                                        });
    break;
  }
  return lease;
}

}  // namespace dind::sandbox
