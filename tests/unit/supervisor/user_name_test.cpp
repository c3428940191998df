#include "supervisor/user_name.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace user_name_test {

using namespace dind::supervisor;

namespace {

std::string name_of(const char* passwd, unsigned id) {
  char name[16] = "?";
  return find_user_name(passwd, id, name, sizeof name) ? name : "none";
}

std::vector<std::string> with_name(std::vector<std::string> entries) {
  std::vector<char*> env;
  for (auto& each : entries) env.push_back(each.data());
  env.push_back(nullptr);
  std::vector<std::string> all;
  char** longer = with_user_name(env.data());
  for (char** each = longer; *each != nullptr; ++each) all.emplace_back(*each);
  if (longer != env.data()) free(longer);
  return all;
}

}  // namespace

TEST_CASE("P07: a user's name comes from the first passwd line with its id") {
  constexpr const char* kPasswd =
      "root:x:0:0:root:/root:/bin/sh\n# a comment\n\nnode:x:1000:1000::/home/node:/bin/sh\nagain:x:1000:1::/:/x\n"
      "last:x:2000000001:1::/:/x";
  CHECK(name_of(kPasswd, 0) == "root");
  CHECK(name_of(kPasswd, 1000) == "node");
  CHECK(name_of(kPasswd, 2'000'000'001) == "last");
  CHECK(name_of(kPasswd, 1) == "none");
}

TEST_CASE("P07: a malformed passwd line gives no name") {
  for (const auto* passwd : {"", "\n", ":", "a", "a:", "a:x", "a:x:", "a:x:5", ":x:5:5::/:/x\n", "a:x:5x:5::/:/x\n",
                             "a:x:-5:5::/:/x\n", "a:x:+5:5::/:/x\n", "a name that is too long:x:5:5::/:/x\n"}) {
    INFO(passwd);
    CHECK(name_of(passwd, 5) == "none");
  }
}

TEST_CASE("P07: USER and LOGNAME are set to the same name where the environment lacks them") {
  const auto all = with_name({"HOME=/tmp"});
  REQUIRE(all.size() == 3);
  CHECK(all[1].starts_with("USER="));
  CHECK(all[2] == "LOGNAME=" + all[1].substr(5));
  CHECK(all[1].size() > 5);
  CHECK(with_name({"USER=me", "LOGNAME="}) == std::vector<std::string>{"USER=me", "LOGNAME="});
  CHECK(with_name({"USERS=2", "USER=me"}).size() == 3);
}

}  // namespace user_name_test
