// Makes the text of the files that every sandbox has in /etc: hosts, passwd and group. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dind::sandbox {

// User ids that only sandboxes use, one for each sandbox (S10): the kernel counts inotify instances, pipe pages and
// queued signals by user. Each id has a line in passwd, so their number is limited.
inline constexpr std::uint32_t kFirstOwnUser = 2'000'000'000;
inline constexpr std::uint32_t kOwnUsers = 1024;

struct EtcFiles {
  std::string hosts;
  std::string passwd;
  std::string group;
  bool operator==(const EtcFiles&) const = default;
};

// `passwd` and `group`: the image's files, empty if it has none. `user`: the sandbox's user in numbers, "1000:1000".
// These get a line unless the image has one: root, the user, its group and, with `own_users`, every id from
// kFirstOwnUser on.
EtcFiles make_etc_files(std::string_view passwd, std::string_view group, std::string_view user, bool own_users);

}  // namespace dind::sandbox
