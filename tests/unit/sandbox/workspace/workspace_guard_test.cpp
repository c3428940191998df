#include "sandbox/workspace/workspace_guard.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "support/file_user.hpp"
#include "support/temp_folder.hpp"

namespace workspace_guard_test {

using namespace dind;
using namespace dind::sandbox;
namespace fs = std::filesystem;

namespace {

struct Tree : tests::TempFolder {
  void hand_over() const {
    for (const auto& each : fs::recursive_directory_iterator(path)) tests::give_to_file_user(each.path());
    tests::give_to_file_user(path);
  }
  // The mounts in their order, for example "project:rw project/.git:ro".
  std::string guarded(const std::string& folder = "") const {
    const auto found = guard_workspace(path, folder);
    if (!found) return found.error().message;
    std::string all;
    for (const auto& mount : found->mounts)
      all += (all.empty() ? "" : " ") + mount.path + (mount.read_only ? ":ro" : ":rw") + (mount.folder ? "" : ":file");
    return all;
  }
};

}  // namespace

TEST_CASE("Protected names are mounted read-only at every depth, and their parent folders writable") {
  const Tree workspace;
  CHECK(workspace.guarded().empty());
  workspace.folder("src/deep");
  CHECK(workspace.guarded().empty());
  for (const auto name : kProtectedNames) workspace.folder(std::string(name));
  CHECK(workspace.guarded() == ".devcontainer:ro .git:ro .husky:ro .idea:ro .vscode:ro");
  workspace.folder("session/project/.git/modules/x/.git");
  workspace.write("session/project/lib/.git");  // of a submodule
  CHECK(workspace.guarded() ==
        ".devcontainer:ro .git:ro .husky:ro .idea:ro .vscode:ro session:rw session/project:rw session/project/.git:ro "
        "session/project/lib:rw session/project/lib/.git:ro:file");
}

TEST_CASE("With a writable folder, only the protected names inside it are mounted") {
  const Tree workspace;
  workspace.folder(".git");
  workspace.folder("other/.git");
  workspace.folder("project/.vscode");
  workspace.folder("project/sub/.git");
  CHECK(workspace.guarded("project") == "project:rw project/.vscode:ro project/sub:rw project/sub/.git:ro");
  workspace.folder("plain");
  CHECK(workspace.guarded("plain") == "plain:rw");
  CHECK(workspace.guarded("project/sub") == "project/sub:rw project/sub/.git:ro");
}

TEST_CASE("A writable folder is refused if it is missing, a file, a link or protected") {
  const Tree workspace;
  workspace.folder("project/.git/hooks");
  fs::create_directory_symlink("/etc", workspace.path / "out");
  fs::create_directory_symlink("project", workspace.path / "alias");
  workspace.write("file");
  for (const auto* folder : {"none", "out", "alias", "file", "project/none"}) {
    INFO(folder);
    const auto found = guard_workspace(workspace.path, folder);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::not_found);
    CHECK(found.error().message.find(folder) != std::string::npos);
  }
  for (const auto* folder : {"project/.git", "project/.git/hooks"})
    CHECK(guard_workspace(workspace.path, folder).error().code == ErrorCode::invalid_request);
  CHECK(guard_workspace("/not/there", "").error().code == ErrorCode::not_found);
}

TEST_CASE("A link with a protected name is not mounted, but reported") {
  const Tree workspace;
  workspace.folder("real");
  fs::create_directory_symlink("/etc", workspace.path / ".git");
  fs::create_directory_symlink("/", workspace.path / "root");  // the guard does not follow it
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE(found);
  CHECK(found->mounts.empty());
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0].find(".git") == 0);
}

TEST_CASE("S04: a folder that can't be read is mounted read-only as a whole, and reported") {
  const Tree workspace;
  workspace.folder("a/locked/.git");
  workspace.folder("listed/.git");
  workspace.folder("open/.git");
  workspace.hand_over();
  const tests::FileUser user(tests::kFileUser);
  fs::permissions(workspace.path / "a/locked", fs::perms(0311));
  fs::permissions(workspace.path / "listed", fs::perms(0444));
  CHECK(workspace.guarded() == "a:rw a/locked:ro listed:ro open:rw open/.git:ro");
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE(found);
  CHECK(found->seen.contains("a/locked"));
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0].contains("may not read listed, a/locked in the workspace"));
  CHECK(found->notes[0].contains("chmod u+rwx"));
  for (int i = 0; i < 9; ++i) {
    const auto more = workspace.path / ("more" + std::to_string(i));
    fs::create_directory(more);
    fs::permissions(more, fs::perms(0));
  }
  CHECK(guard_workspace(workspace.path, "")->notes[0].contains(" and 6 more in the workspace"));
  // As the writable folder it is refused: nothing in it could be protected.
  for (const auto* folder : {"a/locked", "listed"}) {
    INFO(folder);
    const auto refused = guard_workspace(workspace.path, folder);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_request);
    CHECK(refused.error().message.contains("chmod u+rwx"));
  }
}

TEST_CASE("S04: the guard fails if no file descriptor is left to read a folder") {
  const Tree workspace;
  workspace.folder("a/.git");
  const tests::FewDescriptors few;
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::internal);
  CHECK(found.error().message.contains("Too many open files"));
}

TEST_CASE("S04: protected names are found at every depth, except in node_modules") {
  const Tree workspace;
  workspace.folder("1/2/3/4/5/6/.git");
  workspace.folder("node_modules/x/.git");
  CHECK(workspace.guarded() == "1:rw 1/2:rw 1/2/3:rw 1/2/3/4:rw 1/2/3/4/5:rw 1/2/3/4/5/6:rw 1/2/3/4/5/6/.git:ro");
  std::string deep = "1/2/3/4/5/6";
  for (int i = 7; i <= 40; ++i) deep += "/" + std::to_string(i);
  workspace.folder(deep + "/.vscode");
  CHECK(workspace.guarded().ends_with("/39/40:rw " + deep + "/.vscode:ro"));
}

TEST_CASE("S04: when the time is over, only folders more than six levels deep are skipped and reported") {
  const Tree workspace;
  workspace.folder("1/2/3/4/5/6/.git");
  workspace.folder("1/2/3/4/5/6/7/.git");
  const auto cut = guard_workspace(workspace.path, "", {}, std::chrono::milliseconds(0));
  REQUIRE(cut);
  CHECK(cut->max_depth == 6);
  CHECK(cut->seen.contains("1/2/3/4/5/6/.git"));
  CHECK_FALSE(cut->seen.contains("1/2/3/4/5/6/7/.git"));
  REQUIRE(cut->notes.size() == 1);
  for (const auto* part : {"1/2/3/4/5/6/7", "more than 6 folders deep", "mount it read-only"})
    CHECK(cut->notes[0].contains(part));
  CHECK_FALSE(cut->notes[0].contains('\n'));
  // With a writable folder, the depth counts from that folder.
  const auto inner = guard_workspace(workspace.path, "1/2", {}, std::chrono::milliseconds(0));
  REQUIRE(inner);
  CHECK(inner->seen.contains("1/2/3/4/5/6/7/.git"));
  CHECK(inner->max_depth == SIZE_MAX);
  CHECK(inner->notes.empty());
}

TEST_CASE("S04: deep protected names beyond the max number of mounts are reported, and the run continues") {
  const Tree workspace;
  for (int i = 0; i < 501; ++i) workspace.folder("1/2/3/4/5/6/7/p" + std::to_string(i) + "/.git");
  workspace.folder("near/.git");
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE(found);
  CHECK(found->mounts.size() <= 102);  // max 100 for the deep ones
  CHECK(found->seen.size() == 502);    // so a sweep does not rename them
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0].contains("are not protected, 1/2/3/4/5/6/7/p"));
  CHECK(workspace.guarded().contains("near/.git:ro"));
}

TEST_CASE("S04: a protected path that is too long for a mount is reported, and the run continues") {
  const Tree workspace;
  const std::string name(200, 'd');
  std::string deep = name;
  while (deep.size() <= 2048) deep += "/" + name;
  workspace.folder(deep + "/.git");
  workspace.folder("near/.git");
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE(found);
  CHECK(found->seen.contains(deep + "/.git"));
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0].starts_with("1 of .git, .vscode and similar folders"));
  CHECK(found->notes[0].contains("too long for a mount"));
  CHECK(workspace.guarded() == "near:rw near/.git:ro");
}

TEST_CASE("More protected names than the guard can mount are an error with a remedy") {
  const Tree workspace;
  for (int i = 0; i < 501; ++i) workspace.folder("p" + std::to_string(i) + "/.git");
  const auto found = guard_workspace(workspace.path, "");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::invalid_request);
  CHECK(found.error().message.find("read-only") != std::string::npos);
  CHECK(workspace.guarded("p7") == "p7:rw p7/.git:ro");
}

}  // namespace workspace_guard_test
