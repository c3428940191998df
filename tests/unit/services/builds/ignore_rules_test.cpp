#include "services/builds/ignore_rules.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ignore_rules_test {

using dind::IgnoreRules;

namespace {

struct Case {
  const char* rules;
  const char* path;
  bool ignored;
};

IgnoreRules parsed(std::string_view text) {
  const auto rules = IgnoreRules::parse(text, ".dockerignore");
  REQUIRE(rules);
  return *rules;
}

std::string bytes_from(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

TEST_CASE("A .dockerignore ignores the paths that Docker ignores") {
  constexpr Case kCases[] = {
      {"", "a", false},
      {"a", "a", true},
      {"a", "a/b/c", true},  // what is in an ignored folder is ignored
      {"a", "b/a", false},   // a pattern begins at the context's root
      {"/a", "a", true},
      {"a/", "a/b", true},
      {"./a//b/../c", "a/c", true},
      {"*.pyc", "x.pyc", true},
      {"*.pyc", "d/x.pyc", false},
      {"*/x.pyc", "d/x.pyc", true},
      {"**/*.pyc", "x.pyc", true},
      {"**/*.pyc", "a/b/x.pyc", true},
      {"a/**", "a/b/c", true},
      {"a/**/d", "a/d", true},
      {"a/**/d", "a/b/c/d", true},
      {"a/**/**/d", "a/b/c/d", true},
      {"a/**/d", "a/b/c/e", false},
      {"**", "anything/at/all", true},
      {"?.txt", "a.txt", true},
      {"?.txt", "ab.txt", false},
      {"[a-c].txt", "b.txt", true},
      {"[a-c].txt", "d.txt", false},
      {"# a", "a", false},
      {"  a  \r", "a", true},
      {"\xEF\xBB\xBF"
       "a",
       "a", true},
      {"*\n!README.md", "README.md", false},
      {"*\n!README.md", "other", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-open.md", false},
      {"node_modules\n!node_modules/mine", "node_modules/mine/a.js", false},
      {"node_modules\n!node_modules/mine", "node_modules/other/a.js", true},
      {"!a", "a", false},
      {"名前*", "名前.txt", true},
  };
  for (const auto& each : kCases) {
    INFO(each.rules << " on " << each.path);
    CHECK(parsed(each.rules).ignored(each.path) == each.ignored);
  }
}

// B04: The table has the answers of moby/patternmatcher 0.6.1, called as BuildKit calls it. A case has a readable text
// of rules, the same rules in hexadecimal, and the answer: "refused", or one digit for each path (1: ignored). The
// paths are in hexadecimal, too.
TEST_CASE("Patterns are matched or rejected exactly as by Docker's own matcher") {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "dockerignore_table.json");
  REQUIRE(file);
  const auto table = nlohmann::json::parse(file);
  std::vector<std::string> paths;
  for (const auto& path : table["paths"]) paths.push_back(bytes_from(path));
  std::size_t checked = 0;
  for (const auto& each : table["cases"]) {
    const auto rules = IgnoreRules::parse(bytes_from(each[1]), ".dockerignore");
    std::string seen = rules ? "" : "refused";
    if (rules)
      for (const auto& path : paths) seen += rules->ignored(path) ? '1' : '0';
    INFO(each[0].get<std::string>());
    CHECK(seen == each[2].get<std::string>());
    ++checked;
  }
  CHECK(checked > 500);
}

TEST_CASE("A pattern that Docker rejects is rejected with its file, its line and the cause") {  // B04
  for (const char* pattern : {"[a-b-c]", "[", "[]a]", "!", "a[", "[z-a]*", "\\", "x\\p*"}) {
    const auto rules = IgnoreRules::parse("# comment\r\n\r\n  " + std::string(pattern) + "\r\nb", "Other.dockerignore");
    INFO(pattern);
    REQUIRE(!rules);
    CHECK(rules.error().code == dind::ErrorCode::invalid_request);
    CHECK(rules.error().message.starts_with("Line 3 of Other.dockerignore"));
    CHECK(rules.error().message.contains(pattern == std::string("\\")      ? "\\"
                                         : pattern == std::string("x\\p*") ? "p*"
                                                                           : pattern));
  }
  for (const auto& [pattern, cause] : {std::pair("[", "a set such as"),
                                       {"x[z-a]*", "a set such as"},
                                       {"foo{2}*", "not supported"},
                                       {"a*\\p", "not supported"}}) {
    const auto rules = IgnoreRules::parse(pattern, ".dockerignore");
    INFO(pattern);
    REQUIRE(!rules);
    CHECK(rules.error().message.starts_with("Line 1 of .dockerignore, \""));
    CHECK(rules.error().message.contains(cause));
  }
  const auto many = IgnoreRules::parse(
      [] {
        std::string text;
        for (int i = 0; i <= 10'000; ++i) text += "a\n";
        return text;
      }(),
      ".dockerignore");
  REQUIRE(!many);
  CHECK(many.error().message.starts_with("Line 10001 "));
  CHECK(!IgnoreRules::parse(std::string(70'000, 'a'), ".dockerignore"));
}

TEST_CASE("An ignored folder is searched only if an exception can match a path in it") {
  CHECK(!parsed("a\nb").may_keep_below("a"));
  CHECK(parsed("a\n!a/b").may_keep_below("a"));
  CHECK(parsed("a\n!a/b/c").may_keep_below("a/b"));
  CHECK(!parsed("a\n!ab/c").may_keep_below("a"));
  CHECK(!parsed("a\n!b").may_keep_below("a"));
  CHECK(parsed("a\n!**/*.py").may_keep_below("a"));
  CHECK(!parsed("# !a").may_keep_below("a"));
}

TEST_CASE("A pattern with many wildcards is matched quickly against a long path") {
  std::string pattern, path;
  for (int i = 0; i < 50; ++i) pattern += "**/*a*";
  for (int i = 0; i < 100; ++i) path += "aaa/";
  const auto rules = parsed(pattern + "b");
  const auto begun = std::chrono::steady_clock::now();
  CHECK(!rules.ignored(path + "x"));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(60));
}

}  // namespace ignore_rules_test
