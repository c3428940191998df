#include <catch2/catch_test_macros.hpp>
#include <set>

#include "languages/recipe.hpp"
#include "services/workspaces/languages_service.hpp"

namespace detect_test {

using namespace dind;
using namespace dind::languages;

TEST_CASE("The language comes from the caller, else from the extension, else from the #! line") {
  struct Case {
    std::optional<std::string_view> language;
    std::string_view file;
    std::string_view text;
    std::string_view expected;  // empty: an error
  };
  const Case cases[] = {
      {{}, "hello.py", "", "python"},
      {{}, "HELLO.PY", "", "python"},
      {{}, "dir.js/hello.py", "", "python"},
      {{}, "a.b.mjs", "", "javascript"},
      {{}, "a.cjs", "", "javascript"},
      {{}, "a.js", "#!/bin/sh", "javascript"},
      {{}, "run.sh", "", "shell"},
      {{}, "run.bash", "", "shell"},
      {"js", "hello.py", "", "javascript"},
      {"JavaScript", "hello.py", "", "javascript"},
      {"shellscript", "", "", "shell"},
      {"sh", "", "", "shell"},
      {"bash", "", "", "shell"},
      {"node", "", "", "javascript"},
      {"python3", "x", "", "python"},
      {"", "x.py", "", "python"},
      {{}, "tool", "#!/usr/bin/python3\n", "python"},
      {{}, "tool", "#!/usr/bin/env python3", "python"},
      {{}, "tool", "#!/usr/bin/env -S python3 -u\n", "python"},
      {{}, "tool", "#!/usr/bin/env -Spython3 -u\n", "python"},
      {{}, "tool", "#!/usr/bin/env -i A=1 B=2 node\n", "javascript"},
      {{}, "tool", "#! /usr/bin/python3.11 -I\r\nprint()", "python"},
      {{}, "tool", "#!/usr/local/bin/python3.12", "python"},
      {{}, "tool", "#!/bin/bash -eu\n", "shell"},
      {{}, "tool", "#!/bin/dash", "shell"},
      {{}, "tool", "\xEF\xBB\xBF#!/usr/bin/env node\n", "javascript"},
      {{}, "tool.txt", "#!/bin/sh\n", "shell"},
      {{}, "", "#!/usr/bin/env python3\n", "python"},
      {{}, "hello.rb", "", ""},
      {{}, "Makefile", "all:\n", ""},
      {{}, ".py", "", ""},
      {{}, "py", "", ""},
      {{}, "tool", "#!", ""},
      {{}, "tool", "#!\n", ""},
      {{}, "tool", "#!/usr/bin/env\n", ""},
      {{}, "tool", "#!/usr/bin/env -S\n", ""},
      {{}, "tool", "#!/usr/bin/perl\npython3", ""},
      {{}, "tool", "#!/1.2.3", ""},
      {{}, "tool", " #!/bin/sh", ""},
      {"cobol", "hello.py", "", ""},
      {{}, "", "", ""},
  };
  for (const auto& c : cases) {
    INFO("language " << c.language.value_or("-") << ", file " << c.file << ", text " << c.text);
    const auto found = detect(c.language, c.file, c.text);
    if (c.expected.empty()) {
      REQUIRE_FALSE(found);
      CHECK(found.error().code == ErrorCode::unsupported_language);
      CHECK(found.error().message.find("python (.py)") != std::string::npos);
      CHECK(found.error().message.find('\n') == std::string::npos);
    } else {
      REQUIRE(found);
      CHECK((*found)->id == c.expected);
    }
  }
}

TEST_CASE("The error about an unknown language names what was checked") {
  CHECK(detect({}, "hello.rb", "").error().message.find(".rb") != std::string::npos);
  CHECK(detect({}, "x", "#!/usr/bin/perl -w").error().message.find("perl") != std::string::npos);
  CHECK(detect("cobol", "x.py", "").error().message.find("\"cobol\"") != std::string::npos);
  CHECK(detect("a\nb", "x.py", "").error().message.find('\n') == std::string::npos);
}

TEST_CASE("P23: a Dockerfile is recognized by each of its usual names") {
  for (const auto* name : {"Dockerfile", "dir/Dockerfile", "dockerfile", "DOCKERFILE", "Dockerfile.dev",
                           "app.Dockerfile", "a.b.dockerfile", "Containerfile", "Containerfile.x", "x.containerfile"}) {
    INFO(name);
    const auto found = detect({}, name, "FROM scratch\n");
    REQUIRE_FALSE(found);
    CHECK(found.error().message.contains("is a Dockerfile"));
    CHECK(found.error().message.contains("give its text as \"dockerfile\""));
    CHECK(detect({}, name, "", Terms::flags).error().message.contains("--dockerfile"));
    CHECK(detect({}, name, "", Terms::settings).error().message.contains("Run Workspace in DinD"));
    for (const auto terms : {Terms::fields, Terms::settings})
      CHECK_FALSE(detect({}, name, "", terms).error().message.contains("--"));
  }
  for (const auto* name : {"Dockerfile.dockerignore", "myDockerfile", "Dockerfiles", "Dockerfile.", ".dockerfile"}) {
    INFO(name);
    CHECK_FALSE(detect({}, name, "").error().message.contains("is a Dockerfile"));
  }
  CHECK((*detect({}, "Dockerfile.py", ""))->id == "python");
  CHECK((*detect({}, "Dockerfile", "#!/bin/sh\n"))->id == "shell");
}

TEST_CASE("A very long first line is not read completely") {
  CHECK_FALSE(detect({}, "x", "#!" + std::string(1 << 20, 'a')));
}

TEST_CASE("An unknown language id of an editor does not hide a runnable file") {
  CHECK(runnable_language("plaintext", "x.py", "") == "python");
  CHECK(runnable_language("plaintext", "x.txt", "") == std::nullopt);
  CHECK(runnable_language("shellscript", "untitled", "") == "shell");
}

}  // namespace detect_test
