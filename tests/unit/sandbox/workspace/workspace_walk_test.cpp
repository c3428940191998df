#include "sandbox/workspace/workspace_walk.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <stop_token>
#include <thread>
#include <vector>

#include "support/temp_folder.hpp"

namespace workspace_walk_test {

using namespace dind;
using namespace dind::sandbox;
namespace fs = std::filesystem;

namespace {

struct Tree : tests::TempFolder {
  std::vector<std::string> found;
  std::string wait_at;
  Walk walk(const WalkBounds& bounds) {
    found.clear();
    return walk_protected_names(
        *Folder::open(path), "", bounds, {},
        {.found =
             [this](const Folder&, const std::string& folder, const std::string& name, const struct stat&) {
               found.push_back(joined_path(folder, name));
               if (found.back() == wait_at) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
               return true;
             },
         .locked = [](const std::string&, const struct stat&) { return true; }});
  }
};

const WalkBounds kWide{.max_folders = 1000, .far_time = std::chrono::minutes(1)};

}  // namespace

TEST_CASE("S04: a walk limits the total size of the paths that it has yet to visit") {
  Tree workspace;
  for (int i = 0; i < 20; ++i) workspace.folder("folder" + std::to_string(i));
  auto bounds = kWide;
  bounds.open_bytes = 100;
  auto walk = workspace.walk(bounds);
  CHECK(walk.end == Walk::End::too_long_paths);
  CHECK(walk.depth == 0);
  bounds.open_bytes = 1000;
  CHECK(workspace.walk(bounds).end == Walk::End::whole);
}

TEST_CASE("S04: a walk that must hurry visits only the near folders") {
  Tree workspace;
  workspace.folder("1/2/3/4/5/6/.git");
  workspace.folder("1/2/3/4/5/6/7/.git");
  std::stop_source hurry;
  auto bounds = kWide;
  bounds.no_far = hurry.get_token();
  CHECK(workspace.walk(bounds).end == Walk::End::whole);
  CHECK(workspace.found.size() == 2);
  hurry.request_stop();
  CHECK(workspace.walk(bounds).end == Walk::End::far_cut);
  CHECK(workspace.found == std::vector<std::string>{"1/2/3/4/5/6/.git"});
}

TEST_CASE("S04: the time limit for far folders starts at the first far folder") {
  Tree workspace;
  workspace.folder("a/.git");
  workspace.folder("1/2/3/4/5/6/7/.git");
  workspace.wait_at = "a/.git";
  auto bounds = kWide;
  bounds.far_time = std::chrono::milliseconds(1000);
  CHECK(workspace.walk(bounds).end == Walk::End::whole);
  CHECK(workspace.found.size() == 2);
}

TEST_CASE("S04: a walk visits all near folders, even if the far ones exceed the size limit for paths") {
  Tree workspace;
  workspace.folder("a/2/3/4/5/6/.git");
  workspace.folder("b/2/3/4/5/6/.git");
  for (const std::string folder : {"a", "b"})
    for (int i = 0; i < 20; ++i) workspace.folder(folder + "/2/3/4/5/6/far" + std::to_string(i) + "/.git");
  auto bounds = kWide;
  bounds.open_bytes = 200;
  const auto walk = workspace.walk(bounds);
  CHECK(walk.end == Walk::End::far_cut);
  CHECK(walk.depth == 7);
  CHECK(walk.folder.starts_with("a/2/3/4/5/6/far"));
  CHECK(workspace.found == std::vector<std::string>{"a/2/3/4/5/6/.git", "b/2/3/4/5/6/.git"});
  CHECK(workspace.walk(kWide).end == Walk::End::whole);
  CHECK(workspace.found.size() == 42);
}

}  // namespace workspace_walk_test
