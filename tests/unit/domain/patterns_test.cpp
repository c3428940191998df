#include "dind/patterns.hpp"

#include <catch2/catch_test_macros.hpp>
#include <variant>

namespace patterns_test {

using namespace dind;
using namespace std::chrono_literals;

TEST_CASE("Python code becomes a source program, and the Python version selects a slim image") {
  struct Case {
    const char* version;
    std::optional<std::string> image;
  };
  for (const auto& each : {Case{"", {}}, Case{"3.11", "python:3.11-slim"}, Case{"3.11-slim", "python:3.11-slim"},
                           Case{"3.11-slim-bookworm", "python:3.11-slim-bookworm"}, Case{"latest", "python:slim"}}) {
    CAPTURE(each.version);
    const auto spec = to_run_spec(PythonCode{.code = "x", .python_version = each.version, .timeout = 5s});
    CHECK(spec.image == each.image);
    CHECK(std::get<SourceProgram>(spec.program).language == "python");
    CHECK(spec.limits.timeout == 5s);
    CHECK(spec.total_timeout == 5s);
  }
}

TEST_CASE("A script for bash becomes a source program; for another shell, a command with its #! options") {
  CHECK(std::get<SourceProgram>(to_run_spec(ShellScript{.script = "x"}).program).language == "shell");
  const auto argv = [](ShellScript shell) {
    return std::get<std::vector<std::string>>(std::get<CommandProgram>(to_run_spec(std::move(shell)).program).command);
  };
  CHECK(argv({.script = "x", .shell = "/bin/dash"}) == std::vector<std::string>{"/bin/dash", "-c", "x"});
  CHECK(argv({.script = "#!/bin/dash -e\nx", .shell = "/bin/dash"}) ==
        std::vector<std::string>{"/bin/dash", "-e", "-c", "#!/bin/dash -e\nx"});
  const auto other = to_run_spec(ShellScript{.script = "#!/bin/bash -e\nx", .shell = "/bin/dash"});
  REQUIRE(other.notes.size() == 1);
  CHECK(other.notes.front().contains("without the line's options"));
}

TEST_CASE("A command that mounts the workspace starts in it unless it names a working directory") {
  const CommandRequest request{.image = "alpine", .command = "ls", .mount_workspace = true};
  const auto spec = to_run_spec(request);
  CHECK(spec.workspace == WorkspaceAccess::read_write);
  CHECK(spec.working_dir == kWorkspaceMount);
  auto elsewhere = request;
  elsewhere.working_dir = "/tmp";
  CHECK(to_run_spec(elsewhere).working_dir == "/tmp");
  auto without = request;
  without.mount_workspace = false;
  CHECK_FALSE(to_run_spec(without).workspace);
  CHECK(to_run_spec(without).working_dir.empty());
}

TEST_CASE("A build request sets the Dockerfile, the context, the build arguments and the target") {
  const auto spec = to_run_spec(BuildRequest{.dockerfile_content = "FROM a",
                                             .context_path = "web",
                                             .timeout = {},
                                             .build_args = {{"A", "1"}},
                                             .target = "last"});
  const auto& build = std::get<BuildProgram>(spec.program);
  CHECK(build.dockerfile == "FROM a");
  CHECK(build.context_path == "web");
  CHECK(build.arguments.at("A") == "1");
  CHECK(build.target == "last");
  CHECK_FALSE(build.command);
}

}  // namespace patterns_test
