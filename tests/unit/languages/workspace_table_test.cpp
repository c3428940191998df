#include "languages/workspace_table.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

namespace workspace_table_test {

using namespace dind;
using namespace dind::languages;

namespace {

// A row with the required fields, and with `more` of them.
std::string row(const std::string& more) {
  return R"([{"id": "x", "label": "X", "files": ["x.txt"])" + (more.empty() ? "" : ", " + more) + "}]";
}

std::string problem(const std::string& table) {
  const auto read = parse_workspace_table(table);
  return read ? std::string() : read.error().message;
}

}  // namespace

TEST_CASE("The embedded table of workspace programs is valid, and each row has an id of its own") {
  const auto rows = workspace_table();
  CHECK(rows.size() > 5);
  std::set<std::string> ids;
  for (const auto& each : rows) CHECK(ids.insert(each.id).second);
}

TEST_CASE("A row of the workspace table has the values of its fields") {
  const auto read = parse_workspace_table(R"([
      {"id": "npm", "label": "npm start", "files": ["package.json"], "extra": true, "json_text": ["scripts", "start"],
       "language": "javascript", "command": ["npm", "start"], "env": {"A": "b"},
       "installed": {"json_objects": ["dependencies"], "folder": "node_modules", "missing": "run npm install"}},
      {"id": "docker", "label": "Dockerfile", "files": ["Dockerfile"], "subfolders": true, "build": true,
       "images": ["i"]}])");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  const auto& npm = read->front();
  CHECK(npm.files == std::vector<std::string>{"package.json"});
  CHECK(npm.extra);
  CHECK(npm.json_text == std::vector<std::string>{"scripts", "start"});
  CHECK(npm.command == std::vector<std::string>{"npm", "start"});
  CHECK(npm.env == std::vector<std::pair<std::string, std::string>>{{"A", "b"}});
  CHECK(npm.installed.folder == "node_modules");
  CHECK(read->back().build);
  CHECK(read->back().subfolders);
}

TEST_CASE("A broken workspace table is refused with its row and its field") {
  CHECK(problem("{}").contains("must be a JSON list"));
  CHECK(problem("[1]").contains("row 1: must be an object"));
  CHECK(problem(R"([{"id": "x"}])").contains("row 1 (x): \"label\" is missing"));
  const std::string runs = R"("images": ["i"], "command": ["c"])";
  CHECK(problem(row(runs)).empty());
  CHECK(problem(row(runs + R"(, "colour": 1)")).contains("\"colour\" is not a field of a row"));
  CHECK(problem(row(runs + R"(, "extra": 1)")).contains("\"extra\" must be true or false"));
  CHECK(problem(row(runs + R"(, "env": {"A=": "b"})")).contains("\"env\""));
  CHECK(
      problem(row(runs + R"(, "installed": {"folder": "f", "missing": "m"})")).contains("\"json_objects\" is missing"));
  CHECK(problem(row(R"("images": ["i"], "command": [""])")).contains("\"command\" must hold texts"));
  CHECK(problem(row(R"("images": ["i"], "command": [])")).contains("\"command\" must be a list that is not empty"));
  CHECK(problem(row(R"("images": ["i"])")).contains("\"command\" must be there, or \"build\""));
  CHECK(problem(row(R"("build": true, "command": ["c"])")).contains("\"command\" must be there, or \"build\""));
  CHECK(problem(row(R"("command": ["c"])")).contains("\"language\" must be there, or \"images\""));
  CHECK(problem(row(R"("language": "none", "command": ["c"])")).contains("is not the id of a recipe"));
  CHECK(problem(row(R"("language": "shell", "command": ["c"], "dependencies": "r.txt")")).contains("has an installer"));
  CHECK(problem(R"([{"id": "x", "label": "X", "files": ["a/b"], "images": ["i"], "command": ["c"]}])")
            .contains("\"files\" must hold names without folders"));
}

TEST_CASE("Two rows of the workspace table can't have one id") {
  const std::string one = R"({"id": "x", "label": "X", "files": ["f"], "images": ["i"], "command": ["c"]})";
  CHECK(problem("[" + one + "," + one + "]").contains("row 2 (x): \"id\" belongs to another row"));
}

}  // namespace workspace_table_test
