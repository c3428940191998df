#include "services/runs/history_recorder.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_worker.hpp"
#include "services/runs/observed_runs.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "support/run_task.hpp"

namespace history_recorder_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

class FakeRuns final : public RunService {
 public:
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) override {
    asked = spec;
    if (fails) co_return fail(ErrorCode::engine_unavailable, "no engine; the token was " + spec.env["API_TOKEN"]);
    if (throws) throw std::runtime_error("a bug");
    sink.on_state(Started{.run_id = *spec.run_id, .name = "a.py", .language = "python", .image = "python:3.12-slim"});
    for (const auto& chunk : chunks) sink.on_output(Channel::out, chunk, {});
    RunResult result;
    result.run_id = *spec.run_id;
    result.verdict = Verdict::failed;
    result.exit_code = 3;
    result.notes = {"token " + spec.env["API_TOKEN"]};
    co_return result;
  }
  Task<bool> wait_all_removed(Deadline) override { co_return true; }
  RunSpec asked;
  std::vector<std::string> chunks;
  bool fails = false, throws = false;
};

struct NoSink final : EventSink {
  void on_state(const StateChange&) override { ++events; }
  void on_output(Channel, std::string_view bytes, OutputCredit) override { output += bytes; }
  std::string output;
  int events = 0;
};

// A run service with a history and a separate event loop.
struct Bench {
  explicit Bench(HistoryPolicy policy) : history(context.get_executor(), std::move(policy)) {}
  Result<RunResult> run(RunSpec spec) {
    auto result = tests::run_task(context, observed.run(std::move(spec), sink, nullptr, {}));
    tests::run_task(context, observed.wait_all_removed(in(10s)));
    return result;
  }
  std::vector<HistoryRecord> list() {
    const auto records = tests::run_task(context, history.list(100));
    REQUIRE(records);
    return *records;
  }
  HistoryRecord only() {
    const auto records = list();
    REQUIRE(records.size() == 1);
    const auto found = tests::run_task(context, history.find(records.front().id));
    REQUIRE(found);
    return *found;
  }
  asio::io_context context;
  HistoryWorker history;
  FakeRuns runs;
  NoSink sink;
  LiveRuns live{context.get_executor()};
  ObservedRuns observed{
      runs,
      live,
      {.observe = {[this](const RunSpec& spec) { return std::make_unique<HistoryRecorder>(history, spec); }},
       .written = [this](Deadline deadline) { return wait_recorded(history, deadline); }},
      "lsp"};
  static Task<void> wait_recorded(History& history, Deadline deadline) { co_await history.written(deadline); }
};

}  // namespace

TEST_CASE("A recorded run passes its events on, and its complete record is stored without its secrets") {
  const HistoryFolder folder;
  Bench bench({.path = folder.file()});
  bench.runs.chunks = {"out su", "perse", "cretvalue\n"};
  auto spec = python();
  spec.env = {{"API_TOKEN", "supersecretvalue"}, {"URL", "http://me:hunter2hunter2@x/"}, {"A", "as supersecretvalue"}};
  spec.args = {"plain"};
  REQUIRE(bench.run(spec));
  CHECK(bench.sink.output == "out supersecretvalue\n");
  CHECK(bench.sink.events == 1);
  CHECK(bench.runs.asked.env == spec.env);
  const auto record = bench.only();
  CHECK(bench.runs.asked.run_id == record.run_id);
  CHECK(record.frontend == "lsp");
  CHECK_FALSE(record.user.empty());
  CHECK(record.owner == process_owner());
  CHECK(record.state == HistoryState::finished);
  CHECK(record.end->result->exit_code == 3);
  CHECK(record.end->out.head == "out •••\n");
  CHECK(record.spec.env.at("API_TOKEN") == kWithheld);
  CHECK(record.withheld == std::vector<std::string>{"A", "API_TOKEN", "URL"});
  const auto bytes = folder.bytes();
  CHECK(bytes.contains("print('hello')"));
  CHECK_FALSE(bytes.contains("supersecret"));
  CHECK_FALSE(bytes.contains("hunter2"));

  const auto refused = spec_again(record, {{"URL", "x"}}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("A, API_TOKEN"));
  const auto again = spec_again(record, {{"URL", "x"}, {"API_TOKEN", "y"}, {"A", "z"}}, std::vector<std::string>{"b"});
  REQUIRE(again);
  CHECK(again->env == std::map<std::string, std::string>{{"URL", "x"}, {"API_TOKEN", "y"}, {"A", "z"}});
  CHECK(again->args == std::vector<std::string>{"b"});
}

TEST_CASE("Errors and exceptions of runs are recorded, too") {
  const HistoryFolder folder;
  Bench bench({.path = folder.file()});
  auto spec = python();
  spec.env = {{"API_TOKEN", "supersecretvalue"}};
  SECTION("An error") {
    bench.runs.fails = true;
    CHECK_FALSE(bench.run(spec));
    const auto record = bench.only();
    CHECK(record.state == HistoryState::error);
    CHECK(record.end->error->code == ErrorCode::engine_unavailable);
    CHECK(record.end->error->message == "no engine; the token was •••");
  }
  SECTION("An exception") {
    bench.runs.throws = true;
    CHECK_THROWS(bench.run(spec));
    tests::run_task(bench.context, bench.history.written(in(10s)));
    CHECK(bench.only().end->error->code == ErrorCode::internal);
  }
}

TEST_CASE("A history that cannot be written is logged once and does not fail a run") {
  const HistoryFolder folder;
  std::ofstream(folder.path / "state") << "a file where the folder should be";
  const auto log_file = (folder.path / "log").string();
  REQUIRE(set_up_log({.file = log_file}));
  Bench bench({.path = folder.file()});
  for (int i = 0; i < 3; ++i) CHECK(bench.run(python()));
  CHECK_FALSE(tests::run_task(bench.context, bench.history.list(100)));
  REQUIRE(set_up_log({}));
  std::ifstream in_log(log_file);
  const std::string log{std::istreambuf_iterator<char>(in_log), {}};
  const auto first = log.find("The history ");
  CHECK(first != std::string::npos);
  CHECK(log.find("The history ", first + 1) == std::string::npos);
}

TEST_CASE("A disabled history writes nothing, and reading it creates no file") {
  const HistoryFolder folder;
  Bench bench({.enabled = false, .path = folder.file()});
  CHECK(bench.run(python()));
  CHECK(bench.list().empty());
  CHECK(tests::run_task(bench.context, bench.history.find("x")).error().code == ErrorCode::not_found);
  CHECK_FALSE(fs::exists(folder.file()));
}

TEST_CASE("The history keeps at most max_runs runs while runs are recorded") {
  const HistoryFolder folder;
  Bench bench({.path = folder.file(), .max_runs = 2});
  for (int i = 0; i < 5; ++i) REQUIRE(bench.run(python()));
  CHECK(bench.list().size() == 2);
}

TEST_CASE("A run whose environment exceeds a bound is rejected before its variables are processed") {  // S05
  const HistoryFolder folder;
  Bench bench({.path = folder.file()});
  const auto refused = [&](std::map<std::string, std::string> env, const char* part) {
    auto spec = python(std::string(1'000'000, 'a'));
    spec.env = std::move(env);
    const auto result = bench.run(std::move(spec));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::invalid_request);
    INFO(result.error().message);
    CHECK(result.error().message.contains(part));
    CHECK(bench.list().empty());
  };
  std::map<std::string, std::string> many;
  for (int i = 0; i < 1001; ++i) many["K" + std::to_string(i) + "KEY"] = std::string(40, 'a');
  refused(many, "not 1001 of");
  for (int i = 1001; i < 100'000; ++i) many["K" + std::to_string(i) + "KEY"] = std::string(40, 'a');
  refused(many, "1000 environment variables");
  refused({{"KEY", std::string(20'000'000, 'a')}}, "of 1 MiB in all");
  refused({{std::string(2'000'000, 'a'), "x"}}, "of 1 MiB in all");
  many.erase(std::next(many.begin(), 1000), many.end());
  auto spec = python();
  spec.env = many;
  CHECK(bench.run(std::move(spec)));
  CHECK(bench.list().size() == 1);
}

}  // namespace history_recorder_test
