#include "sandbox/ignore_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using dind::sandbox::IgnoreRules;

namespace {

struct Case {
  const char* rules;
  const char* path;
  bool ignored;
};

}  // namespace

TEST_CASE("A .dockerignore leaves out what docker leaves out") {
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
    CHECK(IgnoreRules(each.rules).ignored(each.path) == each.ignored);
  }
}

TEST_CASE("Only rules with an exception can want something inside of an ignored folder") {
  CHECK(!IgnoreRules("a\nb").has_exceptions());
  CHECK(IgnoreRules("a\n!a/b").has_exceptions());
  CHECK(!IgnoreRules("# !a").has_exceptions());
}
