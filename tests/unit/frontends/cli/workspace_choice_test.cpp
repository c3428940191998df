#include "frontends/cli/workspace_choice.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "services/workspaces/workspace_memory.hpp"
#include "support/ids.hpp"

namespace workspace_choice_test {

using namespace dind;
using namespace dind::frontends::cli;
namespace fs = std::filesystem;

namespace {

struct FakeFolders : WorkspaceRuns {
  WorkspaceProgramList list;
  WorkspaceRequest asked;
  std::string adopted;
  void set_if_unset(const std::string& folder) override { adopted = folder; }
  Result<BuildFolder> build_folder(const std::string& folder) override {
    return BuildFolder{.root = {}, .path = folder, .whole = fs::absolute(folder)};
  }
  void forget(const std::string&) override {}
  Result<WorkspaceProgramList> programs(const std::string&, Terms) override { return list; }
  Result<RunSpec> spec(const WorkspaceRequest& request) override {
    asked = request;
    RunSpec spec;
    spec.program = CommandProgram{.command = std::string("x"), .language = "shell"};
    spec.dependencies = {"of the folder"};
    return spec;
  }
};

// A temporary state folder, and streams that are not a terminal.
struct Place {
  fs::path path = fs::temp_directory_path() / ("dind-choice-" + random_id());
  FakeFolders folders;
  int nothing = ::open("/dev/null", O_RDWR);
  Place() {
    fs::create_directories(path / "project");
    ::setenv("XDG_STATE_HOME", (path / "state").c_str(), 1);
    folders.list.folder = path / "project";
  }
  ~Place() {
    ::unsetenv("XDG_STATE_HOME");
    ::close(nothing);
    fs::remove_all(path);
  }
  void has(std::initializer_list<const char*> ids) {
    folders.list.programs.clear();
    for (const auto* id : ids)
      folders.list.programs.push_back({.id = id,
                                       .label = "label of " + std::string(id),
                                       .source = "file",
                                       .detail = {},
                                       .extra = std::string_view(id).ends_with("-test"),
                                       .notes = {}});
  }
  Result<RunSpec> spec(RunArguments arguments = {}) {
    arguments.folder = "project";
    return folder_spec(folders, arguments, {.in = nothing, .out = nothing, .err = nothing});
  }
};

}  // namespace

// E16
TEST_CASE("A test runs only if it was chosen, and the only program beside it needs no choice") {
  Place place;
  place.has({"npm-start", "npm-test"});
  REQUIRE(place.spec());
  CHECK(place.folders.asked.program == "npm-start");
  REQUIRE(remember(place.folders.list.folder, {.program = "npm-test", .command = {}}));
  REQUIRE(place.spec());
  CHECK(place.folders.asked.program == "npm-test");
  REQUIRE(forget_choice(place.folders.list.folder));
  REQUIRE(place.spec());
  CHECK(place.folders.asked.program == "npm-start");
  place.has({"npm-test"});
  CHECK_FALSE(place.spec());
}

TEST_CASE("The only program of a folder runs without a choice, and is not remembered") {
  Place place;
  place.has({"make"});
  REQUIRE(place.spec());
  CHECK(place.folders.asked.program == "make");
  CHECK(place.folders.adopted == place.folders.list.folder);
  CHECK_FALSE(remembered(place.folders.list.folder));
}

TEST_CASE("Without a terminal, the remembered choice is used as long as the folder has that program") {
  Place place;
  place.has({"make", "npm-start"});
  const auto unclear = place.spec();
  REQUIRE_FALSE(unclear);
  CHECK(unclear.error().code == ErrorCode::invalid_request);
  for (const auto* part : {"make (label of make, file)", "npm-start", "--program ID", "`--`", "--choose"})
    CHECK(unclear.error().message.contains(part));
  REQUIRE(remember(place.folders.list.folder, {.program = "npm-start", .command = {}}));
  REQUIRE(place.spec());
  CHECK(place.folders.asked.program == "npm-start");
  place.has({"make", "dockerfile"});
  CHECK_FALSE(place.spec());
  CHECK_FALSE(place.spec({.choose = true}));
  REQUIRE(remember(place.folders.list.folder, {.program = {}, .command = "npm test"}));
  REQUIRE(place.spec());
  CHECK(std::get<std::string>(*place.folders.asked.command) == "npm test");
}

TEST_CASE("P31: without a terminal, --choose fails and says what to do, with and without programs") {
  Place place;
  const auto said = [&](bool json) {
    const auto refused = place.spec({.choose = true, .json = json});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_request);
    return refused.error().message;
  };
  place.has({"make", "npm-start"});
  for (const bool json : {false, true}) {
    INFO(json);
    for (const auto* part : {"terminal", "--program ID (make, npm-start)"}) CHECK(said(json).contains(part));
    CHECK(said(json).contains("--json") == json);
  }
  place.has({});
  for (const bool json : {false, true}) {
    INFO(json);
    CHECK(said(json).contains("Nothing in"));
    CHECK(said(json).contains("after `--`"));
    CHECK_FALSE(said(json).contains("--program"));
  }
}

TEST_CASE("A program, a command or a file in the arguments needs no choice") {
  Place place;
  place.has({"make", "npm-start"});
  REQUIRE(place.spec({.program = "make"}));
  CHECK(place.folders.asked.program == "make");
  REQUIRE(place.spec({.args = {"ls", "-l"}, .workspace = WorkspaceAccess::read_only}));
  CHECK(std::get<std::vector<std::string>>(*place.folders.asked.command) == std::vector<std::string>{"ls", "-l"});
  CHECK(place.folders.asked.access == WorkspaceAccess::read_only);
  const auto named = place.spec({.language = "python", .args = {"tool"}});
  CHECK(std::get<CommandProgram>(named->program).language == "python");
  CHECK(place.spec({.file = "a.py"})->dependencies.empty());  // a named file does not get the folder's dependencies
}

TEST_CASE("An invalid file of remembered choices is ignored and replaced") {
  Place place;
  const auto file = place.path / "state/dind-executor/workspaces.json";
  const std::string folder = place.folders.list.folder;
  fs::create_directories(file.parent_path());
  for (const std::string& text :
       {std::string(), std::string("["), std::string("[]"), std::string("7"), "{\"" + folder + "\": 7}",
        "{\"" + folder + "\": {}}", "{\"" + folder + R"(": {"command": ""}})", std::string(2 << 20, ' ')}) {
    std::ofstream(file, std::ios::binary) << text;
    CHECK_FALSE(remembered(folder));
    REQUIRE(remember(folder, {.program = "make", .command = {}}));
    CHECK(remembered(folder) == WorkspaceChoice{.program = "make", .command = {}});
  }
  fs::remove(file);
  fs::create_directory(file);
  CHECK_FALSE(remembered(folder));
  CHECK_FALSE(remember(folder, {.program = "make", .command = {}}));
  CHECK(std::distance(fs::directory_iterator(file.parent_path()), {}) == 1);  // no temporary file is left
}

}  // namespace workspace_choice_test
