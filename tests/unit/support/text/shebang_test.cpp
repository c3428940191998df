#include "support/text/shebang.hpp"

#include <catch2/catch_test_macros.hpp>

namespace shebang_test {

using namespace dind;
using Words = std::vector<std::string>;

TEST_CASE("P05: a #! line passes one argument to its interpreter, and env -S splits it into words") {
  struct Case {
    std::string_view text;
    std::string_view name;
    Words arguments;
    Words env;
  };
  const Case cases[] = {
      {"#!/bin/bash", "bash", {}, {}},
      {"#!/bin/bash -eu\ncd /", "bash", {"-eu"}, {}},
      {"#! \t/bin/sh \t -e \t \n", "sh", {"-e"}, {}},
      {"#!/bin/bash -eu\r\n", "bash", {"-eu"}, {}},
      {"\xEF\xBB\xBF#!/bin/dash -x\n", "dash", {"-x"}, {}},
      {"#!/usr/bin/python3 -W ignore\n", "python3", {"-W ignore"}, {}},
      {"#!/usr/bin/env python3\n", "python3", {}, {}},
      {"#!/usr/bin/env -S python3 -O\n", "python3", {"-O"}, {}},
      {"#!/usr/bin/env -Spython3 -O -u\n", "python3", {"-O", "-u"}, {}},
      {"#!/usr/bin/env --split-string=node --expose-gc\n", "node", {"--expose-gc"}, {}},
      {"#!/usr/bin/env -vS node --expose-gc\n", "node", {"--expose-gc"}, {}},
      {"#!/usr/bin/env -S A=1 B='two words' python3 -u\n", "python3", {"-u"}, {"A=1", "B=two words"}},
      {"#!/usr/bin/env -S -i A=1 /bin/bash -e\n", "bash", {"-e"}, {"-i", "A=1"}},
      {"#!/usr/bin/env -iS A=1 bash\n", "bash", {}, {"-i", "A=1"}},
      {"#!/usr/bin/env -S -u HOME -C /tmp -- bash -e\n", "bash", {"-e"}, {"-u", "HOME", "-C", "/tmp"}},
      {R"(#!/usr/bin/env -S python3 -c "a \"b\" c" 'd\e' f\_g \t)",
       "python3",
       {"-c", "a \"b\" c", "d\\e", "f", "g", "\t"},
       {}},
      {R"(#!/usr/bin/env -S python3 "a\_b" '' # a comment)", "python3", {"a b", ""}, {}},
      {R"(#!/usr/bin/env -S python3 -u\c not read)", "python3", {"-u"}, {}},
      {"#!/usr/bin/env -S\n", "", {}, {}},
      {"#!/usr/bin/env\n", "", {}, {}},
      {"#!\n", "", {}, {}},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    const auto line = parse_shebang(c.text);
    REQUIRE(line);
    CHECK(line->name() == c.name);
    CHECK(line->arguments == c.arguments);
    CHECK(line->env == c.env);
    CHECK_FALSE(line->verbatim);
  }
  for (const char* none : {"", "#", " #!/bin/sh", "print(1)\n#!/bin/sh"}) CHECK_FALSE(parse_shebang(none));
}

TEST_CASE("P05: a #! line that only env can read is passed to env unchanged") {
  for (const char* text : {"#!/usr/bin/env -S ${HOME}/bin/x python3", "#!/usr/bin/env -S A=$B python3",
                           "#!/usr/bin/env -S python3 \"open", "#!/usr/bin/env -S python3 \\q"}) {
    INFO(text);
    CHECK(parse_shebang(text)->verbatim);
  }
  CHECK(parse_shebang("#!/usr/bin/env -S A=${B} python3")->name() == "python3");
}

TEST_CASE("P05: a #! line that Linux can't execute as intended gets a description of the problem") {
  const auto words = parse_shebang("#!/usr/bin/env python3 -O\n");
  CHECK(words->name() == "python3");
  CHECK(words->arguments.empty());
  CHECK(words->problem.contains("\"python3 -O\""));
  CHECK(words->problem.contains("-S"));
  CHECK(parse_shebang("#!/bin/bash -e -u\n")->problem.contains("one argument"));
  CHECK(parse_shebang("#!/bin/bash -eu\n")->problem.empty());
  CHECK(parse_shebang("#!/usr/bin/env bash\n")->problem.empty());
}

}  // namespace shebang_test
