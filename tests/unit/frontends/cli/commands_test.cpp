#include <catch2/catch_test_macros.hpp>
#include <iostream>
#include <sstream>

#include "frontends/cli/command_line.hpp"
#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "support/scope_exit.hpp"

namespace commands_test {

using namespace dind;
using namespace dind::frontends::cli;

namespace {

// A program whose engine's address is wrong. It has two live runs, and the second has just ended.
struct FakeProgram final : Program {
  asio::any_io_executor executor() override { return {}; }
  int run(Task<int>, Background) override { return 99; }
  Result<Services> services() override { return fail(ErrorCode::invalid_request, "no address"); }
  Result<RecordedRuns> history() override { return fail(ErrorCode::invalid_request, "no configuration"); }
  Result<RunTarget> run_target(const RunArguments&) override { return fail(ErrorCode::invalid_request, "no address"); }
  std::vector<LiveRun> live_runs() override {
    std::vector<LiveRun> runs(2);
    runs[0].run_id = "first";
    runs[1].run_id = "second";
    return runs;
  }
  bool stop_run(std::size_t index) override {
    stopped.push_back(index);
    return index == 0;
  }
  int serve(ServeArguments) override { return 11; }
  int serve_rpc() override { return 12; }
  int serve_lsp(LspArguments) override { return 13; }
  std::vector<std::size_t> stopped;
};

struct Ran {
  int code = 0;
  std::string text;  // what the command printed on stdout
};

// Redirects stdout only while the command runs, because a reporter of Catch2 redirects it at each assertion.
Ran run_line(std::vector<std::string> arguments, FakeProgram& program) {
  auto line = parse(std::move(arguments), "1");
  if (!line) FAIL(line.error().message);
  std::ostringstream text;
  auto* const before = std::cout.rdbuf(text.rdbuf());
  const ScopeExit restore([before] { std::cout.rdbuf(before); });
  const int code = run(std::move(*line), program);
  return {code, text.str()};
}

}  // namespace

TEST_CASE("The help of each command has its purpose, its options and an example") {
  for (const auto& command : make_commands()) {
    CAPTURE(command->name());
    const auto line = parse({command->name(), "--help"}, "1");
    REQUIRE(line);
    const std::string help = std::get<ShowText>(line->command).text;
    CHECK(help.contains(command->summary()));
    CHECK(help.contains("--host ADDRESS"));
    CHECK(help.contains("Example"));
    CHECK(help.contains(std::string("dind-executor ") + command->name()));
    const std::string overview = std::get<ShowText>(parse({"--help"}, "1")->command).text;
    CHECK(overview.contains(command->name()));
  }
}

TEST_CASE("An unknown command is refused with the names of all commands") {
  const auto refused = parse({"fly"}, "1");
  REQUIRE_FALSE(refused);
  for (const auto& command : make_commands()) CHECK(refused.error().message.contains(command->name()));
}

TEST_CASE("The command stop ends the run whose id begins with the given text") {
  FakeProgram program;
  const auto first = run_line({"stop", "fi"}, program);
  CHECK(first.code == 0);
  CHECK(program.stopped == std::vector<std::size_t>{0});
  CHECK(first.text == "The run first was told to end\n");
  CHECK(run_line({"stop", "second"}, program).code == kNotRunExit);  // it has just ended
  CHECK(run_line({"stop", "third"}, program).code == kNotRunExit);
  CHECK(program.stopped == std::vector<std::size_t>{0, 1});
}

TEST_CASE("The command ps lists the live runs") {
  FakeProgram program;
  const auto listed = run_line({"ps", "--json"}, program);
  CHECK(listed.code == 0);
  CHECK(listed.text.contains("first"));
  CHECK(listed.text.contains("second"));
}

TEST_CASE("A command whose services are not available exits with kNotRunExit") {
  FakeProgram program;
  for (const char* command : {"doctor", "gc", "history"}) {
    CAPTURE(command);
    CHECK(run_line({command}, program).code == kNotRunExit);
  }
  CHECK(run_line({"run", "hello.py"}, program).code == kNotRunExit);
  CHECK(run_line({"history", "rerun", "3f"}, program).code == kNotRunExit);
}

TEST_CASE("The commands serve, rpc and lsp start the program's servers and return their exit codes") {
  FakeProgram program;
  CHECK(run_line({"serve"}, program).code == 11);
  CHECK(run_line({"rpc"}, program).code == 12);
  CHECK(run_line({"lsp"}, program).code == 13);
}

TEST_CASE("A variable needs a name, and the error for a wrong variable does not repeat its text") {
  CHECK(*parse_variables({"A=1", "B=x=y", "A=2", "C="}) ==
        std::map<std::string, std::string>{{"A", "2"}, {"B", "x=y"}, {"C", ""}});
  for (const char* wrong : {"secret", "=secret", ""}) {
    const auto refused = parse_variables({"A=1", wrong});
    REQUIRE_FALSE(refused);
    CHECK_FALSE(refused.error().message.contains("secret"));
  }
}

}  // namespace commands_test
