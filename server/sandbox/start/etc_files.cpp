#include "sandbox/start/etc_files.hpp"

#include <set>

namespace dind::sandbox {
namespace {

// "localhost" has only an IPv4 address. With ::1 as a second address, a server that listens on each address of a name
// fails if the sandbox has no IPv6. And a client that tries ::1 first does not find a server on 127.0.0.1.
constexpr const char* kHosts =
    "127.0.0.1\tlocalhost\n"
    "127.0.0.1\tsandbox\n"
    "::1\tip6-localhost ip6-loopback\n";

struct Lines {
  std::string text;
  std::set<std::string, std::less<>> names;
  std::set<std::string, std::less<>> ids;

  explicit Lines(std::string_view from) : text(from) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    while (!from.empty()) {
      const auto line = from.substr(0, from.find('\n'));
      from.remove_prefix(std::min(line.size() + 1, from.size()));
      const auto name_end = line.find(':');
      if (name_end == std::string_view::npos) continue;
      names.emplace(line.substr(0, name_end));
      const auto password_end = line.find(':', name_end + 1);
      if (password_end == std::string_view::npos) continue;
      ids.emplace(line.substr(password_end + 1, line.find(':', password_end + 1) - password_end - 1));
    }
  }

  std::string free_name(const std::string& wanted) const {
    std::string name = wanted;
    for (int i = 2; names.contains(name); ++i) name = wanted + "-" + std::to_string(i);
    return name;
  }

  void add(const std::string& name, std::string_view id, const std::string& rest) {
    if (!ids.emplace(id).second) return;
    text += name + ":x:" + std::string(id) + ":" + rest + "\n";
    names.insert(name);
  }
};

}  // namespace

EtcFiles make_etc_files(std::string_view passwd, std::string_view group, std::string_view user, bool own_users) {
  const auto colon = user.find(':');
  const auto user_id = user.substr(0, colon);
  const auto group_id = colon == std::string_view::npos ? user_id : user.substr(colon + 1);
  const std::string home = std::string(group_id) + ":sandbox:/tmp:/bin/sh";
  Lines users(passwd);
  users.add(users.free_name("root"), "0", "0:root:/root:/bin/sh");
  users.add(users.free_name("sandbox"), user_id, home);
  if (own_users)
    for (std::uint32_t i = 0; i < kOwnUsers; ++i)
      users.add(users.free_name("sandbox" + std::to_string(i)), std::to_string(kFirstOwnUser + i), home);
  Lines groups(group);
  groups.add(groups.free_name("root"), "0", "");
  groups.add(groups.free_name("sandbox"), group_id, "");
  return {.hosts = kHosts, .passwd = std::move(users.text), .group = std::move(groups.text)};
}

}  // namespace dind::sandbox
