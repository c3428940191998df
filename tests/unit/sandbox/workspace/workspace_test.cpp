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

TEST_CASE("E34: a folder of root's is told by what a program may do there, and how that is changed") {
  const auto [user, note] = seen({.engine_path = "/etc", .path = "/etc", .owner = {}});  // root's on every machine
  CHECK(user == kNobody);
  for (const char* part : {"the folder /etc belongs to root", "programs never run as root",
                           "can read the folder but not write to it", "chown -R USER /etc"}) {
    INFO(note << " / " << part);
    CHECK(note.contains(part));
  }
  for (const char* hard : {"root's", "nobody", "as others may"}) CHECK_FALSE(note.contains(hard));
}

TEST_CASE("E34: where the owner can't be seen, the note says what a program may do, and the setting that changes it") {
  for (const char* path : {"", "/no/such/folder"}) {
    const auto [user, note] = seen({.engine_path = "/workspaces", .path = path, .owner = {}});
    CHECK(user == kNobody);
    CHECK(note.contains("can read the folder but not write to it"));
    CHECK(note.contains("workspace.owner"));
  }
}

TEST_CASE("An owner that the operator names is taken without a look at the folder, and nothing is said") {
  const auto [user, note] = seen({.engine_path = "/etc", .path = "/etc", .owner = "1000:1000"});
  CHECK(user == "1000:1000");
  CHECK(note.empty());
}

}  // namespace workspace_test
