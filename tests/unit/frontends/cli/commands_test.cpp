#include <catch2/catch_test_macros.hpp>
#include <iostream>
#include <sstream>

#include "frontends/cli/command_line.hpp"
#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"

namespace commands_test {

using namespace dind;
using namespace dind::frontends::cli;

namespace {

// What a command prints on stdout during the lifetime of this object.
class CapturedStdout {
 public:
  CapturedStdout() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  CapturedStdout(const CapturedStdout&) = delete;
  CapturedStdout& operator=(const CapturedStdout&) = delete;
  ~CapturedStdout() { std::cout.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

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

int run_line(std::vector<std::string> arguments, FakeProgram& program) {
  auto line = parse(std::move(arguments), "1");
  if (!line) FAIL(line.error().message);
  return run(std::move(*line), program);
}

}  // namespace

TEST_CASE("the help of each command has its purpose, its options and an example") {
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

TEST_CASE("an unknown command is refused with the names of all commands") {
  const auto refused = parse({"fly"}, "1");
  REQUIRE_FALSE(refused);
  for (const auto& command : make_commands()) CHECK(refused.error().message.contains(command->name()));
}

TEST_CASE("stop ends the run whose id begins with the text") {
  FakeProgram program;
  const CapturedStdout captured;
  CHECK(run_line({"stop", "fi"}, program) == 0);
  CHECK(program.stopped == std::vector<std::size_t>{0});
  CHECK(captured.text() == "The run first was told to end\n");
  CHECK(run_line({"stop", "second"}, program) == kNotRunExit);  // it has just ended
  CHECK(run_line({"stop", "third"}, program) == kNotRunExit);
  CHECK(program.stopped == std::vector<std::size_t>{0, 1});
}

TEST_CASE("ps lists the runs under way") {
  FakeProgram program;
  const CapturedStdout captured;
  CHECK(run_line({"ps", "--json"}, program) == 0);
  CHECK(captured.text().contains("first"));
  CHECK(captured.text().contains("second"));
}

TEST_CASE("a command that can't get its services is not run") {
  FakeProgram program;
  for (const char* command : {"doctor", "gc", "history"}) {
    CAPTURE(command);
    CHECK(run_line({command}, program) == kNotRunExit);
  }
  CHECK(run_line({"run", "hello.py"}, program) == kNotRunExit);
  CHECK(run_line({"history", "rerun", "3f"}, program) == kNotRunExit);
}

TEST_CASE("the servers are the program's") {
  FakeProgram program;
  CHECK(run_line({"serve"}, program) == 11);
  CHECK(run_line({"rpc"}, program) == 12);
  CHECK(run_line({"lsp"}, program) == 13);
}

TEST_CASE("a variable has a name, and a wrong one is not repeated in the message") {
  CHECK(*parse_variables({"A=1", "B=x=y", "A=2", "C="}) ==
        std::map<std::string, std::string>{{"A", "2"}, {"B", "x=y"}, {"C", ""}});
  for (const char* wrong : {"secret", "=secret", ""}) {
    const auto refused = parse_variables({"A=1", wrong});
    REQUIRE_FALSE(refused);
    CHECK_FALSE(refused.error().message.contains("secret"));
  }
}

}  // namespace commands_test
