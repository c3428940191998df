#include "languages/workspace_programs.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "languages/recipe.hpp"
#include "languages/sub_projects.hpp"
#include "languages/workspace_table.hpp"
#include "support/temp_folder.hpp"

namespace workspace_programs_test {

using namespace dind;
using namespace dind::languages;
namespace fs = std::filesystem;

namespace {

struct Looked : tests::TempFolder {
  WorkspacePrograms look() const {
    auto found = find_workspace_programs(path, Terms::flags);
    REQUIRE(found);
    return *found;
  }
};

std::string ids(const WorkspacePrograms& found) {
  std::string all;
  for (const auto& each : found.programs) all += (all.empty() ? "" : " ") + each.id;
  return all;
}

using Argv = std::vector<std::string>;

}  // namespace

TEST_CASE("The files of a folder decide which programs it offers, in the order of their likelihood") {
  struct Case {
    std::vector<std::pair<std::string, std::string>> files;
    std::string expected;
  };
  const std::string start = R"({"scripts": {"start": "node server.js"}})";
  const Case cases[] = {
      {{}, ""},
      {{{"README.md", ""}, {"src/main.py", ""}}, ""},
      {{{"Dockerfile", "FROM scratch\n"}}, "dockerfile"},
      {{{"Containerfile", "FROM scratch\n"}}, "dockerfile"},  // B16
      {{{"Containerfile", "FROM scratch\n"}, {"Dockerfile", "FROM scratch\n"}}, "dockerfile"},
      {{{"package.json", start}}, "npm-start"},
      {{{"package.json", R"({"scripts": {"test": "x"}})"}}, "npm-test"},
      {{{"package.json", R"({"scripts": {"lint": "x"}})"}}, ""},
      {{{"package.json", R"({"scripts": {"build": "x", "test": "y", "start": "z"}})"}}, "npm-start npm-test npm-build"},
      {{{"package.json", R"({"scripts": {"start": ""}})"}}, ""},
      {{{"package.json", R"({"scripts": {"start": 7}})"}}, ""},
      {{{"package.json", R"({"scripts": ["start"]})"}}, ""},
      {{{"main.py", ""}}, "python-main"},
      {{{"__main__.py", ""}}, "python-folder"},
      {{{"tool/__main__.py", ""}, {"other/__init__.py", ""}}, "python-package:tool"},
      {{{".hidden/__main__.py", ""}, {"-m/__main__.py", ""}, {"two words/__main__.py", ""}}, ""},
      {{{"Makefile", "all:\n"}}, "make"},
      {{{"makefile", "all:\n"}, {"GNUmakefile", "all:\n"}}, "make"},
      {{{"Makefile", ""},
        {"b/__main__.py", ""},
        {"a/__main__.py", ""},
        {"main.py", ""},
        {"package.json", start},
        {"Dockerfile", ""}},
       "dockerfile npm-start python-main python-package:a python-package:b make"},
  };
  for (const auto& [files, expected] : cases) {
    const Looked folder;
    for (const auto& [name, text] : files) folder.write(name, text);
    INFO(expected);
    CHECK(ids(folder.look()) == expected);
    CHECK(folder.look().notes.empty());
  }
}

TEST_CASE("P23: a Dockerfile with an unusual name is reported if the folder has no other") {
  for (const std::string name :
       {"Dockerfile.dev", "app.Dockerfile", "api.dockerfile", "DOCKERFILE", "Containerfile.test", "x.containerfile"}) {
    INFO(name);
    const Looked folder;
    folder.write(name, "FROM scratch\n");
    folder.write("Dockerfile.dockerignore");
    fs::create_directory(folder.path / "a.dockerfile");
    const auto found = folder.look();
    CHECK(found.programs.empty());
    REQUIRE(found.notes.size() == 1);
    CHECK(found.notes[0].contains("--dockerfile " + name));
    for (const auto terms : {Terms::fields, Terms::settings}) {
      const auto other = find_workspace_programs(folder.path, terms)->notes.at(0);
      CHECK(other.starts_with(name));
      CHECK_FALSE(other.contains("--"));
    }
    folder.write("dockerfile", "FROM scratch\n");
    CHECK(folder.look().notes.empty());
    CHECK(folder.look().programs.at(0).source == "dockerfile");
    folder.write("Dockerfile", "FROM scratch\n");
    CHECK(folder.look().programs.at(0).source == "Dockerfile");
  }
  for (const auto& [name, word] : {std::pair("it's $(id).Dockerfile", "'it'\\''s $(id).Dockerfile'"),
                                   std::pair("-x.Dockerfile", "./-x.Dockerfile")}) {
    const Looked odd;
    odd.write(name);
    CHECK(odd.look().notes.at(0).ends_with(std::string("--dockerfile ") + word));
  }
  const Looked full;  // it has more names than the search reads
  for (int n = 0; n < 5000; ++n) full.write(std::to_string(n) + ".Dockerfile");
  CHECK(full.look().notes.size() == 1);
  full.write("Containerfile");
  CHECK(full.look().notes.empty());
  const Looked nothing;
  for (const auto* name : {"Dockerfile.dockerignore", "Dockerfiles", "myDockerfile", ".dockerignore", "Dockerfile."})
    nothing.write(name);
  CHECK(nothing.look().notes.empty());
}

TEST_CASE("Projects in sub-folders are offered, and never run without a choice") {  // E16
  const Looked folder;
  const std::string start = R"({"scripts": {"start": "node server.js"}})";
  for (const auto* each :
       {"package.json", "packages/app/package.json", "web/package.json", "node_modules/x/package.json",
        ".hidden/package.json", "a/b/c/package.json", "bad\nname/package.json"})
    folder.write(each, start);
  folder.write("tool/__main__.py");
  folder.write("web/main.py");
  fs::create_directory_symlink("/", folder.path / "outside");
  std::vector<std::string> sources;
  for (const auto& each : folder.look().programs) sources.push_back(each.source);
  std::string all;
  for (const auto& each : find_sub_projects(folder.path, sources)) {
    CHECK(each.extra);
    all += each.id + " " + each.source + "\n";
  }
  CHECK(all ==
        "packages/app/npm-start packages/app/package.json\n"
        "web/npm-start web/package.json\n"
        "web/python-main web/main.py\n");
  CHECK(sub_project("packages/app/npm-start") == std::pair<std::string, std::string>("packages/app", "npm-start"));
  CHECK_FALSE(sub_project("npm-start"));

  const Looked many;
  for (int i = 0; i < 400; ++i) many.write("p" + std::to_string(i) + "/main.py");
  CHECK(find_sub_projects(many.path, {}).size() == 32);
  CHECK(find_sub_projects("/nowhere", {}).empty());
}

TEST_CASE("Each program has its command and its image") {
  const Looked folder;
  folder.write("Dockerfile", "FROM scratch\nCMD x\n");
  folder.write("package.json", R"({"scripts": {"start": "node \u001b[31m server.js"}})");
  folder.write("main.py");
  folder.write("tool/__main__.py");
  folder.write("GNUmakefile", "all:\n");
  folder.write("requirements.txt", "# what it needs\nsix==1.16.0  # this\n\n  flask\n");
  const auto programs = folder.look().programs;
  REQUIRE(programs.size() == 5);
  CHECK((programs[0].build && programs[0].dockerfile == "FROM scratch\nCMD x\n" && programs[0].command.empty()));
  CHECK((programs[1].command == Argv{"npm", "start"} && programs[1].language == "javascript"));
  CHECK(programs[1].detail == "node \\x1b[31m server.js");  // no control character reaches a terminal
  CHECK((programs[2].command == Argv{"python3", "main.py"} && programs[2].language == "python"));
  CHECK(programs[2].dependencies == std::vector<std::string>{"six==1.16.0", "flask"});
  CHECK((programs[3].command == Argv{"python3", "-m", "tool"} && programs[3].label == "python -m tool"));
  CHECK(programs[3].source == "tool/__main__.py");
  CHECK((programs[4].command == Argv{"make"} && programs[4].source == "GNUmakefile" && programs[4].language.empty()));
  CHECK(programs[4].images.size() == 2);
  CHECK(programs[4].dependencies.empty());
}

TEST_CASE("Dependencies that are not installed are reported") {
  const Looked folder;
  const auto notes = [&] { return folder.look().programs.at(0).notes; };
  folder.write("package.json", R"({"scripts": {"start": "x"}, "dependencies": {"left": "1"}})");
  REQUIRE(notes().size() == 1);
  CHECK(notes()[0].find("node_modules") != std::string::npos);
  folder.write("node_modules/left/index.js");
  CHECK(notes().empty());
  fs::remove_all(folder.path / "node_modules");
  folder.write("package.json", R"({"scripts": {"start": "x"}, "dependencies": {}})");
  CHECK(notes().empty());
}

TEST_CASE("Hostile files do not delay the search, are not read outside the folder, and are named") {
  const Looked folder;
  const Looked outside;
  outside.write("package.json", R"({"scripts": {"start": "the outside's"}})");
  outside.write("requirements.txt", "secret\n");
  const auto said = [&](const std::string& part) {
    const auto found = folder.look();
    INFO(part << " in " << (found.notes.empty() ? "nothing" : found.notes[0]));
    CHECK(ids(found).find("npm") == std::string::npos);
    REQUIRE(found.notes.size() == 1);
    CHECK(found.notes[0].find("package.json") == 0);
    CHECK(found.notes[0].find(part) != std::string::npos);
    CHECK(found.notes[0].find('\n') == std::string::npos);
    fs::remove_all(folder.path / "package.json");
  };
  folder.write("package.json", "{");
  said("not valid JSON");
  folder.write("package.json", "\"text\"");
  said("not a JSON object");
  folder.write("package.json", std::string(600'000, '['));
  said("not valid JSON");
  folder.write("package.json", std::string(3'000'000, ' '));
  said("larger than 1 MiB");
  folder.write("package.json", R"({"scripts": {"start": "x"}} {)");
  said("not valid JSON");
  folder.write("package.json", "{\"scripts\": {\"start\": \"\xff\"}}");
  said("not valid JSON");
  fs::create_directory(folder.path / "package.json");
  said("not a regular file");
  REQUIRE(mkfifo((folder.path / "package.json").c_str(), 0600) == 0);
  said("not a regular file");
  fs::create_symlink(outside.path / "package.json", folder.path / "package.json");
  said("leads out of the folder");
  fs::create_symlink("/dev/zero", folder.path / "package.json");
  said("leads out of the folder");
  fs::create_symlink("package.json", folder.path / "package.json");
  said("leads out of the folder");
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = folder.path / "package.json";
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  close(fd);
  said("not a regular file");

  folder.write("main.py");
  fs::create_symlink(outside.path / "requirements.txt", folder.path / "requirements.txt");
  const auto program = folder.look().programs.at(0);
  CHECK(program.dependencies.empty());
  CHECK(program.notes.size() == 1);
  // A package behind a link is not part of this folder.
  outside.write("package/__main__.py");
  fs::create_symlink(outside.path / "package", folder.path / "linked");
  CHECK(ids(folder.look()) == "python-main");
}

TEST_CASE("A link to another file of the folder counts as that file") {
  const Looked folder;
  folder.write("app.py");
  fs::create_symlink("app.py", folder.path / "main.py");
  CHECK(ids(folder.look()) == "python-main");
}

TEST_CASE("A workspace with ten thousand packages offers a bounded number of programs") {
  const Looked folder;
  for (int i = 0; i < 1200; ++i) folder.write("p" + std::to_string(i) + "/__main__.py", "");
  CHECK(folder.look().programs.size() == 32);
}

TEST_CASE("A missing folder is an error that names it") {
  const auto found = find_workspace_programs("/not/there");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::not_found);
  CHECK(found.error().message.find("/not/there") != std::string::npos);
  CHECK(find_workspace_programs("/etc/passwd").error().code == ErrorCode::not_found);
}

TEST_CASE("A typed command runs in the image of the language of its first word") {
  const Looked node;
  node.write("package.json", R"({"scripts": {"start": "x"}})");
  const Looked python;
  python.write("main.py");
  python.write("requirements.txt", "six\n");
  const Looked c;
  c.write("Makefile");
  const Looked empty;
  CHECK(program_for_command(empty.path, {"python3"}).language == "python");
  CHECK(program_for_command(empty.path, {"/usr/bin/python3.11"}).language == "python");
  CHECK(program_for_command(empty.path, {"node"}).language == "javascript");
  CHECK(program_for_command(empty.path, {"npm"}).language == "javascript");
  CHECK(program_for_command(empty.path, {"make"}).images.size() == 2);
  CHECK(program_for_command(empty.path, {"ls"}).language == "shell");
  CHECK(program_for_command(empty.path, {}).language == "shell");
  CHECK(program_for_command(node.path, {"ls"}).language == "javascript");
  CHECK(program_for_command(c.path, {"./tool"}).images.size() == 2);
  CHECK(program_for_command(python.path, {"pytest"}).language == "python");
  CHECK(program_for_command(python.path, {"pytest"}).dependencies.empty());  // it is not on the PATH of a run
  CHECK(program_for_command(python.path, {"python3", "-m", "pytest"}).dependencies == std::vector<std::string>{"six"});
  CHECK(program_for_command(python.path, {"cd", "x", "/usr/bin/python3"}).dependencies ==
        std::vector<std::string>{"six"});
  CHECK(program_for_command(python.path, {"bash"}).dependencies.empty());
  CHECK(program_for_command("/not/there", {"ls"}).language == "shell");
}

TEST_CASE("The embedded table of workspace programs is valid") {
  for (const auto& row : workspace_table()) {
    INFO(row.id);
    CHECK((row.language.empty() || find_recipe(row.language) != nullptr));
  }
  CHECK(workspace_table().size() >= 6);
}

TEST_CASE("A wrong row of the table is refused with the name of its field") {
  struct Case {
    std::string row, said;
  };
  const Case cases[] = {
      {R"({})", "id"},
      {R"([])", "object"},
      {R"({"id": "x", "label": "x", "files": []})", "files"},
      {R"({"id": "x", "label": "x", "files": ["a/b"], "build": true})", "files"},
      {R"({"id": "x", "label": "x", "files": ["a"]})", "command"},
      {R"({"id": "x", "label": "x", "files": ["a"], "build": true, "command": ["a"]})", "command"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"]})", "language"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "language": "cobol"})", "language"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "language": "python", "images": ["i"]})",
       "language"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "images": ["i"], "dependencies": "r"})",
       "dependencies"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "images": ["i"], "spam": 1})", "spam"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "images": ["i"], "env": {"A=": "1"}})", "env"},
      {R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "images": ["i"], "installed": {"folder": "f"}})",
       "installed"},
  };
  for (const auto& [row, said] : cases) {
    const auto parsed = parse_workspace_table("[" + row + "]");
    INFO(row);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(said) != std::string::npos);
  }
  const std::string good = R"({"id": "x", "label": "x", "files": ["a"], "command": ["a"], "images": ["i"]})";
  CHECK(parse_workspace_table("[" + good + "]"));
  CHECK_FALSE(parse_workspace_table("[" + good + "," + good + "]"));
  CHECK_FALSE(parse_workspace_table("{}"));
}

}  // namespace workspace_programs_test
