#include "languages/invocation.hpp"

#include <catch2/catch_test_macros.hpp>
#include <tuple>

namespace invocation_test {

using namespace dind;
using namespace dind::languages;
using Words = std::vector<std::string>;

TEST_CASE("P05: a program runs with the interpreter and the options of its #! line") {
  struct Case {
    std::optional<std::string_view> language;
    std::string_view file;
    std::string_view text;
    Words expected;
  };
  const Case cases[] = {
      {{}, "a.py", "print(1)", {"python3", "{file}"}},
      {{}, "a.sh", "echo", {"bash", "{file}"}},
      {{}, "strict.sh", "#!/bin/bash -e\n", {"bash", "-e", "{file}"}},
      {{}, "strict.sh", "#!/bin/bash -eu\r\n", {"bash", "-eu", "{file}"}},
      {{}, "s.sh", "#!/bin/sh\n", {"sh", "{file}"}},
      {{}, "s", "#!/usr/bin/dash -e", {"dash", "-e", "{file}"}},
      {"shell", "", "#!/bin/sh -e\n", {"sh", "-e", "{file}"}},
      {{}, "optimised", "#!/usr/bin/env -S python3 -O\n", {"python3", "-O", "{file}"}},
      {"python", "main.py", "#!/usr/bin/env -S python3 -O\n", {"python3", "-O", "{file}"}},
      {{}, "gc.js", "#!/usr/bin/env -S node --expose-gc\n", {"node", "--expose-gc", "{file}"}},
      {{}, "a.py", "#!/usr/bin/env -S A=1 python -u\n", {"env", "A=1", "python3", "-u", "{file}"}},
      {{}, "a.py", "#!/usr/bin/env -S -i A=1 python3\n", {"env", "-i", "A=1", "python3", "{file}"}},
      {{}, "a.py", "#!/usr/bin/env -S A=${HOME} python3\n", {"env", "-S A=${HOME} python3", "{file}"}},
      {{}, "a.py", "#!/usr/bin/python -W ignore\n", {"python3", "-W ignore", "{file}"}},
      {{}, "a.js", "#!/usr/bin/nodejs\n", {"node", "{file}"}},
      {{}, "bom.sh", "\xEF\xBB\xBF#!/bin/sh -e\n", {"sh", "-e", "{file}"}},
  };
  for (const auto& c : cases) {
    INFO(c.file << ": " << c.text);
    const auto made = plan_invocation(c.language, c.file, c.text);
    REQUIRE(made);
    CHECK(made->command == c.expected);
    CHECK(made->notes.empty());
  }
}

TEST_CASE("P05: a request of a #! line that is not met is reported in one line") {
  struct Case {
    std::string_view file;
    std::string_view text;
    Words expected;
    std::string said;
  };
  const Case cases[] = {
      {"a.py", "#!/usr/bin/env pypy3\n", {"python3", "{file}"}, "names pypy3; python3"},
      {"a.js", "#!/usr/bin/env -S deno run --allow-all\n", {"node", "{file}"}, "names deno; node"},
      {"a.py", "#!/usr/bin/env python2\n", {"python3", "{file}"}, "names python2; python3"},
      {"tool", "#!/usr/bin/python2.7 -u\n", {"python3", "-u", "{file}"}, "names /usr/bin/python2.7; python3"},
      {"a.py", "#!/usr/bin/env -S uv run --script\n", {"python3", "{file}"}, "names uv; python3"},
      {"a.sh", "#!/bin/zsh -e\n", {"bash", "-e", "{file}"}, "names /bin/zsh; bash"},
      {"a.sh", "#!/bin/ash -eu\n", {"bash", "-eu", "{file}"}, "names /bin/ash; bash"},
      {"a.sh", "#!/usr/bin/env -S ksh -e -x\n", {"bash", "-e", "-x", "{file}"}, "names ksh; bash"},
      {"a.sh", "#!/bin/zsh -df\n", {"bash", "{file}"}, "without the line's options"},
      {"a.sh", "#!/usr/bin/env -S fish -e\n", {"bash", "{file}"}, "without the line's options"},
      {"a.sh", "#!/bin/bash -o pipefail\n", {"bash", "-o pipefail", "{file}"}, "one argument"},
      {"a.js", "#!/bin/sh -e\n", {"node", "{file}"}, "\"language\": \"shell\""},
      {"a.py", "#!/opt/venv/bin/python3 -u\n", {"python3", "-u", "{file}"}, "names /opt/venv/bin/python3; python3"},
      {"a.sh", "#!/nix/store/x/bin/bash -e\n", {"bash", "-e", "{file}"}, "names /nix/store/x/bin/bash; bash"},
      {"a.py", "#!/usr/bin/env python3 -O\n", {"python3", "{file}"}, "\"python3 -O\" to env as one word"},
      {"a.sh", "#!/bin/bash -e -u\n", {"bash", "-e -u", "{file}"}, "one argument"},
  };
  for (const auto& c : cases) {
    INFO(c.file << ": " << c.text);
    const auto made = plan_invocation({}, c.file, c.text);
    REQUIRE(made);
    CHECK(made->command == c.expected);
    REQUIRE(made->notes.size() == 1);
    INFO(made->notes.front());
    CHECK(made->notes.front().contains(c.said));
    CHECK_FALSE(made->notes.front().contains('\n'));
  }
}

TEST_CASE("P05: in an image that the caller names, the shell of the #! line runs with its options") {
  struct Case {
    std::string_view file;
    std::string_view text;
    Words expected;
    bool noted = false;
  };
  const Case cases[] = {{"k.sh", "#!/bin/ksh -e\n", {"ksh", "-e", "{file}"}},
                        {"a.sh", "#!/bin/ash\n", {"ash", "{file}"}},
                        {"a.py", "#!/usr/bin/env pypy3\n", {"python3", "{file}"}, true},
                        {"a.js", "#!/usr/bin/env -S deno run --allow-all\n", {"node", "{file}"}, true},
                        {"a.sh", "#!/opt/bin/fish\n", {"/opt/bin/fish", "{file}"}},
                        {"a.sh", "#!/bin/bash -e\n", {"bash", "-e", "{file}"}},
                        {"a.py", "#!/usr/bin/env python3.9\n", {"python3", "{file}"}, true},
                        {"a.py", "#!/bin/bash -e\n", {"python3", "{file}"}, true}};
  for (const auto& c : cases) {
    INFO(c.file << ": " << c.text);
    const auto made = plan_invocation({}, c.file, c.text, Terms::flags, true);
    REQUIRE(made);
    CHECK(made->command == c.expected);
    CHECK(made->notes.empty() == !c.noted);
    for (const auto& note : made->notes) CHECK_FALSE(note.contains("--image"));
  }
}

TEST_CASE("I19: a note of a #! line names a flag to a terminal, and a setting to an editor") {
  const std::tuple<Terms, const char*, const char*> cases[] = {
      {Terms::fields, "\"image\"", "\"language\": \"shell\""},
      {Terms::flags, "--image", "--language shell"},
      {Terms::settings, "the setting dind.images", "the language mode of the editor"}};
  for (const auto& [terms, image, language] : cases) {
    CHECK(plan_invocation({}, "a.js", "#!/usr/bin/env deno\n", terms)->notes.front().contains(image));
    CHECK(plan_invocation({}, "a.js", "#!/bin/sh -e\n", terms)->notes.front().contains(language));
  }
}

}  // namespace invocation_test
