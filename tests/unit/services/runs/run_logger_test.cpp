#include "services/runs/run_logger.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "services/runs/observed_runs.hpp"
#include "support/log_file.hpp"
#include "support/run_task.hpp"

namespace run_logger_test {

using namespace dind;
using namespace std::chrono_literals;

namespace {

class FakeRuns final : public RunService {
 public:
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) override {
    if (error) co_return std::unexpected(*error);
    if (throws) throw std::runtime_error("what of " + spec.env["API_TOKEN"]);
    sink.on_state(Queued{3});
    sink.on_state(Queued{2});
    sink.on_state(Preparing{Stage::image, "Pulling", 1});
    sink.on_state(Preparing{Stage::image, "Pulling", 2});
    sink.on_state(Preparing{Stage::container, "Creating the sandbox", {}});
    sink.on_state(Started{.run_id = "r1", .image = "python:3", .isolation = "runc", .limits = {.cpus = 0.5}});
    sink.on_output(Channel::out, "the program's own words", {});
    RunResult result;
    result.verdict = Verdict::failed;
    result.exit_code = 3;
    result.duration = 83ms;
    result.stdout_bytes = 23;
    result.notes = {"a note"};
    co_return result;
  }
  Task<bool> wait_all_removed(Deadline) override { co_return true; }
  std::optional<Error> error;
  bool throws = false;
};

struct Sink final : EventSink {
  void on_state(const StateChange&) override { ++events; }
  void on_output(Channel, std::string_view bytes, OutputCredit) override { output += bytes; }
  int events = 0;
  std::string output;
};

struct Bench {
  explicit Bench(std::string frontend, LogLevel level = LogLevel::info)
      : log({.level = level, .format = LogFormat::json}),
        observed(runs, live, {.observe = {[](const RunSpec& spec) { return std::make_unique<RunLogger>(spec); }}},
                 std::move(frontend)) {}
  Result<RunResult> run(RunSpec spec = {.program = SourceProgram{.file_name = "a.py", .text = "x", .language = {}}}) {
    spec.run_id = "r1";
    return tests::run_task(context, observed.run(std::move(spec), sink, nullptr, {}));
  }
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const auto& line : log.lines()) {
      const auto read = nlohmann::json::parse(line);
      CHECK(read["run"] == "r1");
      all.push_back(read["level"].get<std::string>() + ' ' + read["message"].get<std::string>());
    }
    return all;
  }
  asio::io_context context;
  tests::LogFile log;
  FakeRuns runs;
  Sink sink;
  LiveRuns live{context.get_executor()};
  ObservedRuns observed;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("The log has a line with the run's id for each phase; events and output are passed on") {
  Bench bench("lsp");
  RunSpec spec{.program = SourceProgram{.file_name = "a.py", .text = "x", .language = {}}};
  spec.caller.client = "lsp:1";
  REQUIRE(bench.run(spec));
  CHECK(bench.sink.events == 6);
  CHECK(bench.sink.output == "the program's own words");
  CHECK(bench.said() ==
        Lines{"info asked: a.py, by lsp, client lsp:1", "info queued: 3 before it", "info preparing: image: Pulling",
              "info started: image python:3, 1 min · 512 MiB · 0.5 CPU · 256 processes · network none · runc",
              "info ended: failed, exit code 3, 83 ms, 23 B written; a note"});
}

TEST_CASE("The log line of an accepted run names its images and granted limits") {
  const auto limits = std::string(", 1 min · 512 MiB · 1 CPU · 256 processes · network internet");
  CHECK(accepted_text({"a", "b"}, {}, Network::internet) == "accepted: image a or b" + limits);
  CHECK(accepted_text({}, {}, Network::internet) == "accepted: an image to be built" + limits);
}

TEST_CASE("The debug level logs each change of the queue position, but never the output") {
  Bench bench("lsp", LogLevel::debug);
  REQUIRE(bench.run());
  const auto said = bench.said();
  CHECK(std::ranges::count(said, "debug queued: 2 before it") == 1);
  CHECK(std::ranges::count(said, "debug preparing: container: Creating the sandbox") == 1);
  for (const auto& line : said) CHECK_FALSE(line.contains("own words"));
}

TEST_CASE("The log level of an error depends on its code and on the frontend") {
  for (const auto& [code, level] :
       std::initializer_list<std::pair<ErrorCode, std::string>>{{ErrorCode::invalid_request, "info"},
                                                                {ErrorCode::cancelled, "info"},
                                                                {ErrorCode::busy, "warning"},
                                                                {ErrorCode::image_unavailable, "warning"},
                                                                {ErrorCode::engine_unavailable, "error"},
                                                                {ErrorCode::engine_error, "error"},
                                                                {ErrorCode::internal, "error"}}) {
    for (const std::string frontend : {"lsp", "http", "cli", "library", "jsonrpc"}) {
      Bench bench(frontend);
      bench.runs.error = Error{code, "no"};
      CHECK_FALSE(bench.run());
      const bool loud = frontend == "lsp" || frontend == "http";
      CHECK(bench.said().back() == (loud ? level : "info") + " not run: " + std::string(to_string(code)) + ": no");
    }
  }
}

TEST_CASE("No log line, even for an exception, contains a secret of the run or a command's arguments") {
  Bench bench("cli", LogLevel::debug);
  RunSpec spec{.program = CommandProgram{std::vector<std::string>{"curl", "--user", "me:word"}}};
  spec.env = {{"API_TOKEN", "supersecretvalue"}};
  bench.runs.throws = true;
  CHECK_THROWS(bench.run(spec));
  const auto said = bench.said();
  CHECK(said.front() == "info asked: the command curl, by cli");
  CHECK(said.back() == "error ended with an exception, which is a bug in dind-executor: what of •••");
  for (const auto& line : said) CHECK_FALSE(line.contains("supersecret"));
}

}  // namespace run_logger_test
