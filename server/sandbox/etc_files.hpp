// The text of the files that every sandbox has in /etc: hosts, passwd and group. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dind::sandbox {

// User ids that only sandboxes have, one for each (S10): the kernel counts inotify instances, pipe pages and queued
// signals by user. Each of them has a line in passwd, so there is a number of them.
inline constexpr std::uint32_t kFirstOwnUser = 2'000'000'000;
inline constexpr std::uint32_t kOwnUsers = 1024;

struct EtcFiles {
  std::string hosts;
  std::string passwd;
  std::string group;
  bool operator==(const EtcFiles&) const = default;
};

// `passwd` and `group`: those of the image, empty where it has none. `user`: "1000:1000", numeric, who runs there. The
// user, its group and, where `own_users`, every id of kFirstOwnUser and up get a line unless the image has one.
EtcFiles make_etc_files(std::string_view passwd, std::string_view group, std::string_view user, bool own_users);

}  // namespace dind::sandbox
