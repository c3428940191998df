#include "domain/terms.hpp"

#include <catch2/catch_test_macros.hpp>

namespace terms_test {

using namespace dind;

TEST_CASE("I19: each client gets its own terms, and the default terms are the names of fields") {
  const auto said = [](Terms terms) { return in_terms(terms, {.fields = "a", .flags = "b", .settings = "c"}); };
  CHECK(said(Terms::fields) == "a");
  CHECK(said(Terms::flags) == "b");
  CHECK(said(Terms::settings) == "c");
  CHECK(RunSpec{}.terms == Terms::fields);
}

TEST_CASE("I19: words with a special meaning in a shell or in JSON are quoted") {
  CHECK(packages_in_terms(Terms::flags, {"six", "rich>=13"}) == "--with six --with 'rich>=13'");
  CHECK(packages_in_terms(Terms::fields, {"six", "rich>=13"}) == R"("dependencies": ["six", "rich>=13"])");
  CHECK(packages_in_terms(Terms::settings, {"six", "rich>=13"}) ==
        "write six, rich>=13 into requirements.txt beside the program, and run the whole folder");
  CHECK(variables_in_terms(Terms::flags, {{"A", "1"}, {"B", "*"}}) == "-e A=1 -e 'B=*'");
  CHECK(variables_in_terms(Terms::fields, {{"A", "1"}, {"B", "*"}}) == R"("env": {"A": "1", "B": "*"})");
  CHECK(variables_in_terms(Terms::settings, {{"A", "1"}, {"B", "*"}}) == "begin the command with A=1 B='*'");
  CHECK(folder_run_in_terms(Terms::flags, "/p", "node a.js") == "--workspace /p -- node a.js");
  CHECK(packages_in_terms(Terms::flags, {"x`id`", "$(id)", "a&id", "it's"}) ==
        "--with 'x`id`' --with '$(id)' --with 'a&id' --with 'it'\\''s'");
  CHECK(packages_in_terms(Terms::fields, {R"(a"], "image": ["b)"}) == R"("dependencies": ["a\"], \"image\": [\"b"])");
  CHECK(variables_in_terms(Terms::flags, {{"A", "$(id)"}}) == "-e 'A=$(id)'");
  CHECK(variables_in_terms(Terms::settings, {{"A", "`id`"}}) == "begin the command with A='`id`'");
  for (const auto terms : {Terms::fields, Terms::flags, Terms::settings})
    CHECK(packages_in_terms(terms, {std::string(5000, 'a')}).size() < 300);
  CHECK(build_value_in_terms(Terms::fields) == "a value (\"buildArgs\")");
  CHECK(build_value_in_terms(Terms::flags) == "a value (--build-arg NAME=VALUE)");
  CHECK_FALSE(build_value_in_terms(Terms::settings).contains("--"));
  for (const auto terms : {Terms::fields, Terms::settings}) {
    const auto text = folder_run_in_terms(terms, "/p", "node a.js");
    CHECK(text.contains("`node a.js`"));
    CHECK_FALSE(text.contains("--"));
  }
}

}  // namespace terms_test
