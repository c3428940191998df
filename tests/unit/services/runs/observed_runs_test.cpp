#include "services/runs/observed_runs.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/log_file.hpp"
#include "support/run_task.hpp"

namespace observed_runs_test {

using namespace dind;

namespace {

// The events that the observers and the frontend got, in order.
using Events = std::vector<std::string>;

class Program final : public RunService {
 public:
  Task<Result<RunResult>> run(RunSpec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) override {
    sink.on_state(Queued{1});
    sink.on_output(Channel::out, "hello", {5, [this](std::size_t bytes) { returned += bytes; }});
    if (throws) throw std::runtime_error("a bug");
    co_return RunResult{};
  }
  Task<bool> wait_all_removed(Deadline) override { co_return true; }
  bool throws = false;
  std::size_t returned = 0;  // bytes of credit that came back
};

class Observer final : public RunObserver {
 public:
  Observer(Events& events, std::string name, bool throws) : events_(events), name_(std::move(name)), throws_(throws) {}
  void on_state(const StateChange&) override { tell("state"); }
  void on_output(Channel, std::string_view bytes) override { tell(std::string(bytes)); }
  void on_end(const Result<RunResult>& result) override { tell(result ? "result" : "error"); }
  void on_exception(std::string_view what) override { tell(std::string(what)); }

 private:
  void tell(const std::string& what) {
    events_.push_back(name_ + ' ' + what);
    if (throws_) throw std::runtime_error(name_ + " is broken");
  }
  Events& events_;
  std::string name_;
  bool throws_;
};

struct Frontend final : EventSink {
  explicit Frontend(Events& e) : events(e) {}
  void on_state(const StateChange&) override { events.push_back("frontend state"); }
  void on_output(Channel, std::string_view bytes, OutputCredit credit) override {
    events.push_back("frontend " + std::string(bytes));
    kept = std::move(credit);
  }
  Events& events;
  OutputCredit kept;
};

struct Bench {
  explicit Bench(bool first_throws = false, bool cannot_observe = false)
      : runs(program, live,
             {.observe = {[=, this](const RunSpec&) -> std::unique_ptr<RunObserver> {
                            if (cannot_observe) throw std::runtime_error("no memory");
                            return std::make_unique<Observer>(events, "a", first_throws);
                          },
                          [](const RunSpec&) -> std::unique_ptr<RunObserver> { return nullptr; },
                          [this](const RunSpec&) { return std::make_unique<Observer>(events, "b", false); }}}) {}
  Result<RunResult> run(RunSpec spec = {}) {
    return tests::run_task(context, runs.run(std::move(spec), frontend, nullptr, {}));
  }
  asio::io_context context;
  Events events;
  Program program;
  LiveRuns live{context.get_executor()};
  ObservedRuns runs;
  Frontend frontend{events};
};

}  // namespace

TEST_CASE("Each event goes to the observers in their order, then to the frontend; the end only to the observers") {
  Bench bench;
  CHECK(bench.run());
  CHECK(bench.events ==
        Events{"a state", "b state", "frontend state", "a hello", "b hello", "frontend hello", "a result", "b result"});
}

TEST_CASE("Only the frontend holds the credit of output") {
  Bench bench;
  CHECK(bench.run());
  CHECK(bench.program.returned == 0);
  bench.frontend.kept.release();
  CHECK(bench.program.returned == 5);
}

TEST_CASE("An observer's exception is logged once and affects neither the run nor other observers") {
  const tests::LogFile log({.level = LogLevel::error});
  Bench bench(true);
  CHECK(bench.run());
  CHECK(bench.events.size() == 8);
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines().front().contains("a is broken"));
}

TEST_CASE("A run continues if one of its observers cannot be created") {
  const tests::LogFile log({.level = LogLevel::error});
  Bench bench(false, true);
  CHECK(bench.run());
  CHECK(bench.events == Events{"b state", "frontend state", "b hello", "frontend hello", "b result"});
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines().front().contains("no memory"));
}

TEST_CASE("Observers learn of an exception that ends a run") {
  Bench bench;
  bench.program.throws = true;
  CHECK_THROWS(bench.run());
  CHECK(bench.events.back() == "b a bug");
}

TEST_CASE("A rejected run is not observed, but counted and logged once") {
  const tests::LogFile log({.level = LogLevel::info});
  Bench bench;
  const auto live = bench.live.add({.run_id = "r"}, {});
  CHECK_FALSE(bench.run({.run_id = "r"}));
  CHECK(bench.events.empty());
  CHECK(bench.live.figures().errors.at(ErrorCode::invalid_request) == 1);
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines().front().contains("not run: invalid_request: A run with the id r is under way"));
  CHECK(bench.live.list().size() == 1);
}

}  // namespace observed_runs_test
