#include "sandbox/workspace/planted_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>

#include "sandbox/workspace/workspace_guard.hpp"
#include "support/file_user.hpp"
#include "support/ids.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

namespace planted_names_test {

using namespace dind;
using namespace dind::sandbox;
namespace fs = std::filesystem;

namespace {

struct Tree : tests::TempFolder {
  std::map<std::string, std::uint64_t> seen;
  void hand_over() const {
    for (const auto& each : fs::recursive_directory_iterator(path)) tests::give_to_file_user(each.path());
    tests::give_to_file_user(path);
  }
  // Records the protected names, as the guard does before the run starts.
  void look() { seen = guard_workspace(path, "")->seen; }
  std::vector<Planted> sweep(const std::string& folder = "") const { return swept({}, folder).planted; }
  Sweep swept(const SweepBounds& bounds, const std::string& folder = "") const {
    return move_planted(path, folder, seen, "r1", bounds);
  }
  bool there(const std::string& name) const {
    return fs::symlink_status(path / name).type() != fs::file_type::not_found;
  }
};

Task<std::vector<std::string>> end_after_two(std::shared_ptr<PlantedWatch> watch,
                                             std::shared_ptr<std::atomic<int>> count) {
  while (*count < 2) co_await sleep_until(in(std::chrono::milliseconds(5)));
  co_return co_await watch->finish();
}

}  // namespace

TEST_CASE("S04: a sweep renames each new protected name at every depth, and keeps its content") {
  Tree workspace;
  workspace.folder("src");
  workspace.look();
  CHECK(workspace.sweep().empty());
  for (const auto name : kProtectedNames)
    for (const std::string folder : {"", "src/", "new/", "a/b/c/d/e/f/", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/"}) {
      const auto whole = folder + std::string(name);
      INFO(whole);
      workspace.write(whole + "/config", "evil");
      CHECK(workspace.sweep() == std::vector<Planted>{{.path = whole, .moved_to = whole + ".from-run-r1"}});
      CHECK_FALSE(workspace.there(whole));
      std::string text;
      std::ifstream(workspace.path / (whole + ".from-run-r1/config")) >> text;
      CHECK(text == "evil");
    }
  CHECK(workspace.sweep().empty());
}

TEST_CASE("S04: a sweep renames files and links with a protected name, and does not follow the links") {
  Tree workspace;
  workspace.folder("elsewhere/hooks");
  workspace.look();
  workspace.write("sub/.git", "gitdir: ../elsewhere");
  fs::create_directory_symlink("elsewhere", workspace.path / ".vscode");
  fs::create_symlink("/nowhere", workspace.path / ".idea");
  const auto planted = workspace.sweep();
  CHECK(planted.size() == 3);
  for (const auto* name : {"sub/.git", ".vscode", ".idea"}) CHECK_FALSE(workspace.there(name));
  for (const auto* name : {"sub/.git.from-run-r1", ".vscode.from-run-r1", ".idea.from-run-r1", "elsewhere/hooks"})
    CHECK(workspace.there(name));
}

TEST_CASE("S04: protected names from before the run stay, but a folder that replaced a link is renamed") {
  Tree workspace;
  workspace.write(".git/HEAD");
  workspace.write("lib/.git", "gitdir: x");
  workspace.folder("linked");
  fs::create_symlink("/etc", workspace.path / "linked/.vscode");
  workspace.look();
  CHECK(workspace.sweep().empty());
  // The owner's git replaces the file.
  workspace.write("lib/.git.new", "gitdir: y");
  fs::rename(workspace.path / "lib/.git.new", workspace.path / "lib/.git");
  CHECK(workspace.sweep().empty());
  workspace.folder("linked/new");
  fs::remove(workspace.path / "linked/.vscode");
  fs::rename(workspace.path / "linked/new", workspace.path / "linked/.vscode");
  CHECK(workspace.sweep().size() == 1);
}

TEST_CASE("S04: a new folder that replaced a protected folder or file is renamed") {
  Tree workspace;
  workspace.write("a/.git/HEAD");
  workspace.write("lib/.git", "gitdir: x");
  workspace.folder("a/new");
  workspace.look();
  CHECK(workspace.sweep().empty());
  fs::rename(workspace.path / "a/.git", workspace.path / "a/old");
  fs::rename(workspace.path / "a/new", workspace.path / "a/.git");
  fs::remove(workspace.path / "lib/.git");
  workspace.folder("lib/.git/hooks");
  CHECK(workspace.sweep() == std::vector<Planted>{{.path = "a/.git", .moved_to = "a/.git.from-run-r1"},
                                                  {.path = "lib/.git", .moved_to = "lib/.git.from-run-r1"}});
}

TEST_CASE("S04: a rename overwrites nothing, and a protected name that appears again is renamed again") {
  Tree workspace;
  workspace.look();
  workspace.write(".git.from-run-r1/config", "the program's too");
  workspace.write(".git/config");
  CHECK(workspace.sweep().front().moved_to == ".git.from-run-r1-2");
  workspace.write(".git/config");
  CHECK(workspace.sweep().front().moved_to == ".git.from-run-r1-3");
  CHECK(workspace.there(".git.from-run-r1/config"));
}

TEST_CASE("S04: a sweep searches only the writable folder, and skips node_modules") {
  Tree workspace;
  workspace.folder("project");
  workspace.look();
  workspace.folder("other/.git");
  workspace.folder("project/node_modules/x/.git");
  workspace.folder("project/.husky");
  CHECK(workspace.sweep("project") ==
        std::vector<Planted>{{.path = "project/.husky", .moved_to = "project/.husky.from-run-r1"}});
  CHECK(workspace.there("other/.git"));
}

TEST_CASE("S04: a sweep reports where it ended, and goes no deeper than the guard did before the run") {
  Tree workspace;
  workspace.folder("1/2/3/4/5/6/7/8/.git");  // made by the owner
  workspace.folder("1/2/3/4/5/6/.idea");
  workspace.seen = guard_workspace(workspace.path, "", {}, std::chrono::milliseconds(0))->seen;
  auto sweep = workspace.swept({.max_depth = 6});
  CHECK(sweep.planted.empty());
  CHECK_FALSE(sweep.ended_before);
  CHECK(workspace.there("1/2/3/4/5/6/7/8/.git"));
  workspace.folder("1/2/3/4/5/6/.git");
  sweep = workspace.swept({.max_depth = 6});
  CHECK(sweep.planted.size() == 1);
  CHECK(workspace.there("1/2/3/4/5/6/7/8/.git"));
  fs::remove_all(workspace.path / "1/2/3/4/5/6/.git.from-run-r1");
  sweep = workspace.swept({.far_time = std::chrono::milliseconds(0)});
  CHECK(sweep.ended_before == "1/2/3/4/5/6/7");
  CHECK(workspace.there("1/2/3/4/5/6/7/8/.git"));
  const auto notes = planted_notes({.ended_before = sweep.ended_before}, "r1");
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].contains("ended before 1/2/3/4/5/6/7;"));
}

TEST_CASE("S04: a folder that the program locked is reported, and one locked before the run is left alone") {
  Tree workspace;
  workspace.folder("before/.git");
  workspace.hand_over();
  fs::permissions(workspace.path / "before", fs::perms(0311));
  const tests::FileUser user(tests::kFileUser);
  workspace.look();
  CHECK(workspace.swept({}).locked.empty());
  workspace.folder("a/b/.git");
  workspace.folder("listed/.git");
  fs::permissions(workspace.path / "a/b", fs::perms(0311));
  fs::permissions(workspace.path / "listed", fs::perms(0444));  // can be listed, but not entered
  auto sweep = workspace.swept({});
  CHECK(sweep.locked == std::vector<std::string>{"listed", "a/b"});
  const auto notes = planted_notes(sweep, "r1");
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].contains("the program locked listed, a/b in the workspace"));
  CHECK(notes[0].contains("chmod u+rwx it and look before you open it"));
  // The owner unlocks the folder: its .git was there before the run.
  fs::permissions(workspace.path / "before", fs::perms(0755));
  sweep = workspace.swept({});
  CHECK(sweep.planted.empty());
  CHECK(workspace.there("before/.git"));
  for (const auto* name : {"a/b", "listed"}) fs::permissions(workspace.path / name, fs::perms(0755));
  sweep = workspace.swept({});
  CHECK(sweep.locked.empty());
  CHECK(sweep.planted.size() == 2);
  fs::permissions(workspace.path, fs::perms(0311));
  sweep = workspace.swept({});
  CHECK(planted_notes(sweep, "r1").front().contains("locked the workspace itself"));
  fs::permissions(workspace.path, fs::perms(0755));
}

TEST_CASE("S04: at most 100 planted names are listed, and the others are counted once each") {
  Tree workspace;
  workspace.look();
  for (int i = 0; i < 130; ++i) workspace.folder("p" + std::to_string(i) + "/.git");
  auto sweep = workspace.swept({});
  CHECK(sweep.planted.size() == 100);
  CHECK(sweep.more_moved == 30);
  CHECK(workspace.swept({}).planted.empty());
  CHECK(planted_notes(sweep, "r1").back() == "and 125 more like it: their names end in .from-run-r1");

  Sweep total;
  Sweep unmoved{.planted = {{.path = "a/.git", .moved_to = ""}}};
  CHECK(add_sweep(total, unmoved).size() == 1);
  CHECK(add_sweep(total, unmoved).empty());
  CHECK(add_sweep(total, sweep).size() == 99);
  CHECK(total.more_moved == 31);
  CHECK(add_sweep(total, sweep).empty());
  CHECK(total.planted.size() == 100);
  CHECK(total.more_moved == 161);
  unmoved.planted.push_back({.path = "b/.git", .moved_to = ""});
  unmoved.more_unmoved = 7;
  for (int i = 0; i < 3; ++i) CHECK(add_sweep(total, unmoved).empty());
  CHECK(total.more_unmoved == 8);
  const auto notes = planted_notes(total, "r1");
  REQUIRE(notes.size() == 6);
  CHECK(notes[5] == "and 264 more like it: 8 can't be renamed, the names of the others end in .from-run-r1");
}

TEST_CASE("S04: the note about many locked folders is one line") {
  Sweep sweep{.locked = {"a", "b", "c", "d", std::string(1000, 'e')}, .more_locked = 3};
  const auto notes = planted_notes(sweep, "r1");
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].contains("a, b, c, d, eee"));
  CHECK(notes[0].contains(" and more in the workspace"));
  CHECK(notes[0].size() < 500);
}

TEST_CASE("S04: a sweep without free file descriptors reports that it failed") {
  Tree workspace;
  workspace.folder("a");
  workspace.look();
  const tests::FewDescriptors few;
  const auto sweep = workspace.swept({});
  CHECK(sweep.ended_before == "");
  const auto notes = planted_notes(sweep, "r1");
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].contains("failed (Too many open files): it ended before the first folder"));
}

TEST_CASE("S04: a sweep follows a chain of folders up to the max path length, and then ends") {
  Tree workspace;
  workspace.look();
  const std::string name(200, 'd');
  fs::path deep = workspace.path;
  std::string inner;
  while (inner.size() + name.size() + 100 < 3900) {
    inner += (inner.empty() ? "" : "/") + name;
    fs::create_directory(deep /= name);
  }
  fs::create_directory(deep / ".git");
  int at = ::open(deep.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const std::string& each : {name, name, name, name, std::string(".git")}) {
    REQUIRE(::mkdirat(at, each.c_str(), 0700) == 0);
    const int below = ::openat(at, each.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = below;
  }
  ::close(at);
  const auto sweep = workspace.swept({.far_time = std::chrono::minutes(1)});
  REQUIRE(sweep.planted.size() == 1);
  CHECK(sweep.planted[0].path == inner + "/.git");
  CHECK_FALSE(sweep.ended_before);
}

TEST_CASE("S04: the notes name each planted name and its new name, and only count the rest of a long list") {
  std::vector<Planted> planted{{.path = "new/.git", .moved_to = "new/.git.from-run-r1"},
                               {.path = ".idea", .moved_to = ""}};
  auto notes = planted_notes({.planted = planted}, "r1");
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].contains("new/.git in the workspace"));
  CHECK(notes[0].contains("it is new/.git.from-run-r1 now"));
  CHECK(notes[1].contains("can't be renamed"));
  for (int i = 0; i < 30; ++i) planted.push_back(planted.front());
  notes = planted_notes({.planted = planted, .ended_before = "far/away"}, "r1");
  REQUIRE(notes.size() == 7);
  CHECK(notes[5].contains("27 more"));
  CHECK(notes[6].contains("too many folders"));
  CHECK(notes[6].contains("far/away"));
  CHECK_FALSE(planted_notes({.planted = {{.path = "a\nb/.git", .moved_to = "x"}}}, "r1").front().contains('\n'));
}

TEST_CASE("S04: a sweep that throws is reported, and later sweeps and the run's end still happen") {
  asio::io_context context;
  BlockingWork work(context.get_executor());
  const Workspace workspace{.engine_path = "/w", .path = "/w", .owner = {}};
  RunPlan plan;
  plan.run_id = "r1";
  plan.workspace = WorkspaceAccess::read_write;
  const auto count = std::make_shared<std::atomic<int>>(0);
  const auto watch = PlantedWatch::begin(context.get_executor(), work, workspace, plan,
                                         [count](const SweepBounds&, const auto&) -> Sweep {
                                           const int now = ++*count;
                                           if (now != 2) throw std::bad_alloc();
                                           return {.planted = {{.path = "a/.git", .moved_to = "a/.git.from-run-r1"}}};
                                         });
  REQUIRE(watch);
  const auto notes = tests::run_task(context, end_after_two(watch, count), std::chrono::seconds(20));
  CHECK(*count == 3);
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].contains("the program made a/.git"));
  CHECK(notes[1].contains("in the workspace failed ("));
}

}  // namespace planted_names_test
