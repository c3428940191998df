#include "sandbox/workspace/workspace.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sandbox/hardening.hpp"

namespace workspace_test {

using namespace dind;
using namespace dind::sandbox;

namespace {

struct SupervisorState {
  std::string user, note;
};

SupervisorState seen(const Workspace& workspace) {
  SupervisorState found;
  found.user = workspace_user(workspace, found.note);
  return found;
}

}  // namespace

TEST_CASE("E34: the note about a folder of root says what a program can do there and how to change it") {
  const auto [user, note] = seen({.engine_path = "/etc", .path = "/etc", .owner = {}});  // root on every machine
  CHECK(user == kNobody);
  for (const char* part : {"the folder /etc belongs to root", "programs never run as root",
                           "can read the folder but not write to it", "chown -R USER /etc"}) {
    INFO(note << " / " << part);
    CHECK(note.contains(part));
  }
  for (const char* hard : {"root's", "nobody", "as others may"}) CHECK_FALSE(note.contains(hard));
}

TEST_CASE("E34: if the owner is unknown, the note says what a program can do and names the setting") {
  for (const char* path : {"", "/no/such/folder"}) {
    const auto [user, note] = seen({.engine_path = "/workspaces", .path = path, .owner = {}});
    CHECK(user == kNobody);
    CHECK(note.contains("can read the folder but not write to it"));
    CHECK(note.contains("workspace.owner"));
  }
}

TEST_CASE("An owner from the configuration is used without a check of the folder and without a note") {
  const auto [user, note] = seen({.engine_path = "/etc", .path = "/etc", .owner = "1000:1000"});
  CHECK(user == "1000:1000");
  CHECK(note.empty());
}

}  // namespace workspace_test
