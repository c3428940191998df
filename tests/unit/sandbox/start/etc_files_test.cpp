#include "sandbox/start/etc_files.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "sandbox/start/etc_volumes.hpp"
#include "sandbox/start/own_users.hpp"

namespace etc_files_test {

using namespace dind;
using namespace dind::sandbox;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream from(text);
  for (std::string line; std::getline(from, line);) all.push_back(line);
  return all;
}

// The first line with that id, as getpwuid finds it.
std::string line_of(const std::string& text, const std::string& id) {
  for (const auto& line : lines(text))
    if (const auto at = line.find(':'); line.substr(line.find(':', at + 1) + 1).starts_with(id + ":")) return line;
  return "none";
}

constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "node:x:1000:1000::/home/node:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin";  // no line end
constexpr const char* kGroup = "root:x:0:\nnogroup:x:65534:\n";

}  // namespace

TEST_CASE("P01: localhost and the sandbox's host name have only an IPv4 address") {
  const auto hosts = make_etc_files("", "", "65534:65534", false).hosts;
  int found = 0;
  for (const auto& line : lines(hosts)) {
    const bool is_ipv4 = line.starts_with("127.0.0.1\t");
    if (line.ends_with("\tlocalhost") || line.ends_with("\tsandbox")) {
      CHECK(is_ipv4);
      ++found;
    }
  }
  CHECK(found == 2);
}

TEST_CASE("P07: every user of a run has a name, and the users of the image keep theirs") {
  struct Case {
    const char* user;
    const char* passwd;
    const char* group;
  };
  for (const auto& [user, passwd, group] :
       {Case{"4321:4321", "sandbox:x:4321:4321:sandbox:/tmp:/bin/sh", "sandbox:x:4321:"},
        Case{"1000:1000", "node:x:1000:1000::/home/node:/bin/bash", "sandbox:x:1000:"},
        Case{"65534:65534", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin", "nogroup:x:65534:"},
        Case{"4321:100", "sandbox:x:4321:100:sandbox:/tmp:/bin/sh", "sandbox:x:100:"}}) {
    INFO(user);
    const std::string text = user;
    const auto files = make_etc_files(kPasswd, kGroup, user, false);
    CHECK(line_of(files.passwd, text.substr(0, text.find(':'))) == passwd);
    CHECK(line_of(files.group, text.substr(text.find(':') + 1)) == group);
    CHECK(files.passwd.starts_with(kPasswd));
    CHECK(files.group.starts_with(kGroup));
    CHECK(files.passwd.ends_with('\n'));
  }
}

TEST_CASE("An image without passwd and group files gets both, and no user name is given twice") {
  const auto files = make_etc_files("", "", "1000:1000", false);
  CHECK(files.passwd == "root:x:0:0:root:/root:/bin/sh\nsandbox:x:1000:1000:sandbox:/tmp:/bin/sh\n");
  CHECK(files.group == "root:x:0:\nsandbox:x:1000:\n");
  const auto taken = make_etc_files("sandbox:x:5:5::/:/bin/sh\n", "", "1000:1000", false);
  CHECK(line_of(taken.passwd, "1000").starts_with("sandbox-2:"));
  CHECK(make_etc_files("nonsense\n\n:\nx:y\n", "::::", "1000:1000", true).passwd.contains("sandbox:x:1000:"));
}

TEST_CASE("S10: each user id that is reserved for sandboxes has its own name in passwd") {
  const auto files = make_etc_files(kPasswd, kGroup, "65534:65534", true);
  CHECK(line_of(files.passwd, "2000000000") == "sandbox0:x:2000000000:65534:sandbox:/tmp:/bin/sh");
  CHECK(line_of(files.passwd, "2000001023") == "sandbox1023:x:2000001023:65534:sandbox:/tmp:/bin/sh");
  CHECK(line_of(files.passwd, "2000001024") == "none");
  CHECK(files.passwd.size() < 80'000);  // programs read it line by line
  CHECK(line_of(make_etc_files(kPasswd, kGroup, "65534:65534", false).passwd, "2000000000") == "none");
}

TEST_CASE("S10: the sandboxes of a server have different users, and an ended sandbox releases its user") {
  OwnUsers users(1020);
  std::vector<OwnUsers::Lease> held;
  std::set<std::string> seen;
  for (std::uint32_t i = 0; i < kOwnUsers; ++i) {
    held.push_back(users.take());
    REQUIRE(held.back());
    CHECK(held.back().user().ends_with(":65534"));
    CHECK(std::stoul(held.back().user()) >= kFirstOwnUser);
    CHECK(std::stoul(held.back().user()) < kFirstOwnUser + kOwnUsers);
    seen.insert(held.back().user());
  }
  CHECK(seen.size() == kOwnUsers);
  CHECK(seen.contains("2000001020:65534"));
  CHECK_FALSE(users.take());
  auto copy = held[7];
  const auto freed = held[7].user();
  held[7] = {};
  CHECK_FALSE(users.take());  // the copy still holds it
  copy = {};
  CHECK(users.take().user() == freed);
}

TEST_CASE("S10: a released user id is used again last, and no id is given after the engine refused one") {
  OwnUsers users(0);
  CHECK(users.take().user() == "2000000000:65534");
  CHECK(users.take().user() == "2000000001:65534");
  users.refuse();
  CHECK_FALSE(users.take());
}

TEST_CASE("N05, S10: the security options of the engine tell how it maps the user ids of a sandbox") {
  engine::Info info;
  CHECK(engine_users(info) == EngineUsers::same);
  info.security_options = {"name=seccomp,profile=default", "name=cgroupns"};
  CHECK(engine_users(info) == EngineUsers::same);
  info.security_options = {"name=seccomp,profile=builtin", "name=userns"};
  CHECK(engine_users(info) == EngineUsers::remapped);
  info.security_options = {"name=seccomp,profile=default", "name=rootless", "name=cgroupns"};
  CHECK(engine_users(info) == EngineUsers::rootless);
}

TEST_CASE("Each image and each user has its own volume for the files of /etc") {
  const auto one = EtcVolumes::volume_name("sha256:1", "1000:1000");
  CHECK(one == EtcVolumes::volume_name("sha256:1", "1000:1000"));
  CHECK(one != EtcVolumes::volume_name("sha256:2", "1000:1000"));
  CHECK(one != EtcVolumes::volume_name("sha256:1", "1001:1000"));
  CHECK(one.starts_with("dind-etc-"));
}

}  // namespace etc_files_test
