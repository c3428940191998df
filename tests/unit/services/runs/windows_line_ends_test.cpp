#include "services/runs/windows_line_ends.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temp_folder.hpp"

namespace windows_line_ends_test {

using namespace dind;
using Words = std::vector<std::string>;

namespace {

std::string told(Command command, std::string_view err, const std::string& folder = {}, Verdict verdict = Verdict::ok) {
  RunSpec spec;
  spec.program = CommandProgram{std::move(command)};
  RunResult result;
  result.verdict = verdict;
  return windows_line_ends({.spec = spec, .result = result, .language = {}, .out = {}, .err = err, .folder = folder});
}

}  // namespace

TEST_CASE("P21: messages of shells and interpreters about a carriage return get a hint, even after success") {
  for (const char* err :
       {"d.sh: line 1: set: -\r: invalid option\n", "b.sh: line 1: syntax error near unexpected token `$'do\\r''\n",
        "b.sh: line 2: $'cd\\r': command not found\n", "c.sh: 1: cd: can't cd to /tmp\r\n",
        "/bin/bash: -\r: invalid option\n", "Unknown option: -\r\n", "/usr/bin/node: bad option: --no-warnings\r\n",
        "/bin/sh: 0: Illegal option -\r\n", "/usr/bin/env: 'bash\\r': No such file or directory\n",
        "sh: 1: ./x\r: not found\n"}) {
    INFO(err);
    CHECK(told(Words{"npm", "start"}, err).contains("CRLF"));
  }
  for (const char* err :
       {"FileNotFoundError: [Errno 2] No such file or directory: 'a\\r'\n", "cat: x: No such file or directory\r\n",
        "ValueError: invalid literal for int(): '1\\r'\n", "app: command not found\r\n", "50%\r100%\r\n", ""}) {
    INFO(err);
    CHECK(told(Words{"npm", "start"}, err).empty());
  }
}

TEST_CASE("P21: a hint names the script with Windows line ends that a command runs") {
  const tests::TempFolder project;
  project.write("d.sh", "set -e\r\ncd /nosuch\r\n");
  project.write("bin/tool", "#!/bin/bash\r\necho\r\n");
  project.write("good.sh", "printf 'a\\r\\n'\n");
  project.write("data.csv", "a,b\r\n");
  project.write("app.py", "print(1)\r\n");
  const auto folder = project.path.string();
  const std::pair<Command, std::string> cases[] = {{Words{"bash", "d.sh"}, "d.sh"},
                                                   {Words{"sh", "-c", "cd . && ./bin/tool x"}, "bin/tool"},
                                                   {Words{"./bin/tool"}, "bin/tool"},
                                                   {std::string("bash ./d.sh > out"), "d.sh"},
                                                   {Words{"bash", "-c", "./d.sh"}, "d.sh"}};
  for (const auto& [command, said] : cases) {
    const auto hint = told(command, "", folder);
    INFO(hint);
    CHECK(hint.starts_with(said + " has Windows line ends (CRLF)"));
    CHECK(hint.contains("sed -i"));
    CHECK(told(command, "", {}).empty());
  }
  for (const Command& none :
       {Command(Words{"bash", "good.sh"}), Command(Words{"cat", "data.csv"}), Command(Words{"python3", "app.py"}),
        Command(Words{"bash", "../d.sh"}), Command(Words{"bash", "missing.sh"}), Command(Words{"cat", "d.sh"})})
    CHECK(told(none, "", folder).empty());
}

TEST_CASE("P21: the hint for a script sent as text says to send other line ends, not to convert a file") {
  RunSpec spec;
  spec.program = SourceProgram{.file_name = "script.sh", .text = "set -e\r\n", .language = "shell"};
  const RunResult result;
  const auto sent =
      windows_line_ends({.spec = spec, .result = result, .language = "shell", .out = {}, .err = {}, .folder = {}});
  CHECK(sent.contains("send it"));
  CHECK_FALSE(sent.contains("sed"));
  CHECK(told(Words{"sh", "-c", "a\r\nb\r\n"}, "").contains("send it"));
}

}  // namespace windows_line_ends_test
