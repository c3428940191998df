#include "services/builds/dockerfile.hpp"

#include <catch2/catch_test_macros.hpp>

#include "services/builds/dockerfile_words.hpp"

namespace dockerfile_test {

using namespace dind;

namespace {

// The instructions of the most likely reading, one "name rest" per line.
std::string shown(std::string_view text) {
  std::string all;
  for (const auto& each : read_dockerfile(text).readings.front().instructions) {
    all += (each.onbuild ? "onbuild " : "") + each.name;
    for (const auto& option : each.options) all += " {" + option + "}";
    all += " " + each.rest + "\n";
  }
  return all;
}

std::string word(std::string_view text, bool* certain = nullptr) {
  const auto out = expanded(text, '\\', [](const std::string& name) {
    if (name == "A") return Variable{.known = true, .value = "a"};
    if (name == "EMPTY") return Variable{.known = true, .value = ""};
    if (name == "UNSET") return Variable{.known = true, .value = {}};
    return Variable{};
  });
  if (certain != nullptr) *certain = out.certain;
  return out.certain ? out.text : out.text + "?";
}

}  // namespace

TEST_CASE("A Dockerfile's instructions are read as Docker reads them") {
  struct Case {
    const char* text;
    const char* read;
  };
  const Case cases[] = {
      {"FROM a\nRUN x", "from a\nrun x\n"},
      {"\xEF\xBB\xBF"
       "FROM a\n",
       "from a\n"},
      {"  # c\n\n  from a \r\n", "from a\n"},
      {"RUN a \\\n\n  # c\n  b\\ \t\nc\nRUN d", "run a   bc\nrun d\n"},  // empty lines and comments don't end it
      {"RUN a \\\\\nRUN b", "run a \\\\\nrun b\n"},                      // an escaped backslash ends it
      {"# escape=`\nRUN a `\n b\nRUN c:\\\nRUN d", "run a  b\nrun c:\\\nrun d\n"},
      {"COPY --from=a --ch\\own=x b c", "copy {--from=a} {--chown=x} b c\n"},
      {"COPY \"--from=a\" b c", "copy \"--from=a\" b c\n"},
      {"COPY --fr'om=a b' c d", "copy {--from=a b} c d\n"},
      {"ONBUILD add x y", "onbuild add x y\n"},
      {"RUN cat <<EOF\nADD x y\nEOF\nRUN b", "run cat <<EOF\nrun b\n"},
      {"RUN cat <<-'E F' <<X\nA\n\t\tE F\nB\nX\nRUN b", "run cat <<-'E F' <<X\nrun b\n"},
      {"RUN echo $((1<<3))\nRUN b", "run echo $((1<<3))\nrun b\n"},
      {"RUN [\"a\", \"<<b\"]\nRUN c", "run [\"a\", \"<<b\"]\nrun c\n"},
      {"RUN a \\", "run a\n"},
      {"", ""},
  };
  for (const auto& each : cases) {
    INFO(each.text);
    CHECK(shown(each.text) == each.read);
  }
}

TEST_CASE("A Dockerfile that builders can read in two ways is read in both") {
  CHECK(read_dockerfile("FROM a\nRUN x").readings.size() == 1);
  CHECK(read_dockerfile("FROM a\nRUN cat <<E\nimport os\nE\n").readings.size() ==
        1);  // the other reading is not a Dockerfile
  CHECK(read_dockerfile("FROM a\nRUN cat <<CMD\nADD http://x /\nCMD\n").readings.size() == 2);
  CHECK(read_dockerfile("# syntax=x\n# escape=`\nFROM a\n").readings.size() == 2);
  CHECK(read_dockerfile("# Syntax = docker/dockerfile:1 \nFROM a\n").syntax == "docker/dockerfile:1");
  CHECK(read_dockerfile("#!/bin/x\n// syntax=a/b\nFROM a\n").syntax == "a/b");
  CHECK(read_dockerfile("FROM a\n# syntax=x\n").syntax.empty());
}

TEST_CASE("The arguments of ADD and COPY are split at spaces or read as a JSON list") {
  CHECK(split_words(" a\t'b c' d ") == std::vector<std::string>{"a", "'b", "c'", "d"});
  CHECK(split_words(R"( ["a b", "\u0068ttp://x", "c"] )") == std::vector<std::string>{"a b", "http://x", "c"});
  CHECK(split_words("[a b") == std::vector<std::string>{"[a", "b"});
}

TEST_CASE("A word is expanded as Docker expands it, and is uncertain if a variable is unknown") {
  struct Case {
    const char* text;
    const char* out;
  };
  const Case cases[] = {
      {"x$A-${A}y", "xa-ay"},
      {"'$A'\"$A\"", "$Aa"},
      {"\\$A", "$A"},
      {"h\\ttp", "http"},
      {"\"h\"ttp", "http"},
      {"${UNSET:-d}", "d"},
      {"${EMPTY:-d}", "d"},
      {"${EMPTY-d}", ""},
      {"${UNSET:-${A:-x}}y", "ay"},
      {"${A:+yes}", "yes"},
      {"${UNSET:+yes}n", "n"},
      {"${A:?e}", "a"},
      {"${UNSET:?e}", "?"},
      {"x${WHAT}y", "x?"},
      {"x$WHAT", "x?"},
      {"${WHAT:-d}", "?"},
      {"${A%a}", "?"},
      {"${A", "?"},
      {"$", "?"},
      {"$1", "?"},
      {"${}", "?"},
      {"\"\\\"q\"", "\"q"},
  };
  for (const auto& each : cases) {
    INFO(each.text);
    CHECK(word(each.text) == each.out);
  }
}

TEST_CASE("The expansion of a word has a max size") {
  std::string big(1000, 'x');
  bool certain = true;
  const auto many = [&](const std::string&) { return Variable{.known = true, .value = big}; };
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "$A";
  const auto out = expanded(text, '\\', many);
  certain = out.certain;
  CHECK(!certain);
  CHECK(out.text.size() < 100'000);
}

TEST_CASE("A line is inserted after each FROM, and its positions are returned") {
  const std::string text = "# c\nFROM a \\\n  AS b\nRUN x\nfrom b";
  const auto made = insert_after_each_from(text, read_dockerfile(text), "LABEL l=1");
  CHECK(made.text == "# c\nFROM a \\\n  AS b\nLABEL l=1\nRUN x\nfrom b\nLABEL l=1\n");
  CHECK(made.after == std::vector<std::size_t>{3, 5});
}

TEST_CASE("An instruction knows its first line, and whether it has a here-document") {  // B06
  const auto read = read_dockerfile("# c\nFROM a\n\nRUN \\\n  x\nRUN <<EOT\nset -e\nEOT\nCMD y\n");
  const auto& all = read.readings.front().instructions;
  REQUIRE(all.size() == 4);
  CHECK((all[0].first_line == 2 && all[1].first_line == 4 && all[2].first_line == 6 && all[3].first_line == 9));
  CHECK((!all[1].has_here_document && all[2].has_here_document && !all[3].has_here_document));
}

TEST_CASE("A << in shell arithmetic is read first as a shift, and also as a here-document") {  // B06
  const auto read = read_dockerfile("FROM a\nRUN echo $((1 <<2))\nCMD x\n2))\nFROM b\n");
  // By the more likely reading, the text is not a valid Dockerfile; the builder reports that.
  REQUIRE(read.readings.size() == 2);
  CHECK(read.readings[0].instructions.size() == 5);
  CHECK(read.readings[1].instructions.size() == 3);
  CHECK_FALSE(read.readings[0].instructions[1].has_here_document);
  CHECK(read_dockerfile("FROM a\nRUN x $((1 <<2)) <<E\nADD x y\nE\n2))\nCMD x\n").readings.size() >= 2);
}

TEST_CASE("A stage is found by its name or its number") {  // B08
  const auto read = read_dockerfile("FROM a AS one\nFROM b\nFROM c as Three\n");
  const auto stage = [&](const char* name) { return find_stage(read.readings.front(), name); };
  CHECK(stage("one") == 0);
  CHECK(stage("THREE") == 2);
  CHECK(stage("1") == 1);
  for (const char* none : {"", "3", "two", "-1", "1x"}) CHECK_FALSE(stage(none));
  const auto made = insert_after_each_from("FROM a AS one\nFROM b\n", read, "LABEL x", 1);
  CHECK(made.text == "FROM a AS one\nLABEL x\nFROM b\n");
  CHECK(made.after.size() == 1);
}

}  // namespace dockerfile_test
