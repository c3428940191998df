#include "languages/sub_projects.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temp_folder.hpp"

namespace sub_projects_test {

using namespace dind;
using namespace dind::languages;

namespace {

struct Monorepo : tests::TempFolder {
  std::vector<std::string> ids(const std::vector<std::string>& sources = {}) const {
    std::vector<std::string> found;
    for (const auto& each : find_sub_projects(path, sources)) {
      CHECK(each.extra);
      found.push_back(each.id);
    }
    return found;
  }
};

}  // namespace

TEST_CASE("Projects are found one and two levels below the folder, in the order of their paths") {
  Monorepo repo;
  repo.write("b/Makefile");
  repo.write("a/app/Makefile");
  repo.write("a/b/c/Makefile");  // three levels
  repo.write("Makefile");        // the folder itself
  CHECK(repo.ids() == std::vector<std::string>{"a/app/make", "b/make"});
}

TEST_CASE("Hidden folders, installed packages and build output are not searched for projects") {
  Monorepo repo;
  for (const char* name : {".git", "node_modules", "vendor", "target", "build", "dist", "venv", "__pycache__", "a\nb"})
    repo.write(std::string(name) + "/Makefile");
  CHECK(repo.ids().empty());
}

TEST_CASE("A link to a folder is not searched for projects") {
  Monorepo repo;
  Monorepo other;
  other.write("app/Makefile");
  std::filesystem::create_directory_symlink(other.path, repo.path / "link");
  CHECK(repo.ids().empty());
}

TEST_CASE("A project whose file is known already is not found again") {
  Monorepo repo;
  repo.write("a/Makefile");
  repo.write("b/Makefile");
  CHECK(repo.ids({"a/Makefile"}) == std::vector<std::string>{"b/make"});
}

TEST_CASE("The search for projects ends at its bounds") {
  Monorepo repo;
  for (int n = 0; n < 60; ++n) repo.write("p" + std::to_string(100 + n) + "/Makefile");
  CHECK(repo.ids().size() == 32);
}

TEST_CASE("A folder that can't be opened has no projects") { CHECK(find_sub_projects("/no/such/folder", {}).empty()); }

TEST_CASE("The id of a project's program has the path of its folder") {
  CHECK(sub_project("packages/app/npm-start") == std::pair<std::string, std::string>("packages/app", "npm-start"));
  CHECK_FALSE(sub_project("npm-start"));
}

}  // namespace sub_projects_test
