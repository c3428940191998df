#include "services/runs/live_runs.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "services/runs/observed_runs.hpp"
#include "support/run_task.hpp"

namespace live_runs_test {

using namespace dind;
using namespace std::chrono_literals;

namespace {

// Reports what the test wants, instead of a sandbox.
class Scripted final : public RunService {
 public:
  explicit Scripted(LiveRuns& live) : live_(live) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel cancel) override {
    ids.push_back(spec.run_id.value_or(""));
    const auto phase = [this] { phases.push_back(live_.list().back().phase); };
    phase();
    sink.on_state(Queued{2});
    phase();
    if (only_queued) {
      during_run();
      co_return cancel.cancelled() ? result : RunResult{};
    }
    sink.on_state(Preparing{});
    phase();
    sink.on_state(Started{.run_id = *spec.run_id, .name = "a.py", .language = "python", .image = "i"});
    phase();
    during = live_.list();
    sink.on_output(Channel::out, "12345", {});
    sink.on_output(Channel::err, "1", {});
    if (cancel_self) cancelled = live_.cancel(as, *spec.run_id, CancelReason::user);
    if (during_run) during_run();
    if (cancel.cancelled()) result->verdict = Verdict::cancelled;
    co_return result;
  }
  Task<bool> wait_all_removed(Deadline) override { co_return true; }

  std::vector<std::string> ids;
  std::vector<LiveRun::Phase> phases;
  std::vector<LiveRun> during;
  Result<RunResult> result = RunResult{};
  bool cancel_self = false;
  bool only_queued = false;
  Caller as;
  std::function<void()> during_run;
  std::size_t cancelled = 0;

 private:
  LiveRuns& live_;
};

class Nobody final : public EventSink {
 public:
  void on_state(const StateChange&) override { ++states; }
  void on_output(Channel, std::string_view bytes, OutputCredit) override { output += bytes; }
  int states = 0;
  std::string output;
};

struct Bench {
  asio::io_context io;
  LiveRuns live{io.get_executor()};
  Scripted inner{live};
  ObservedRuns runs{inner, live, {}, "serve"};
  Nobody sink;
  Result<RunResult> run(RunSpec spec = {}, Cancel cancel = {}) {
    return tests::run_task(io, runs.run(std::move(spec), sink, nullptr, std::move(cancel)));
  }
  // A run that another process handed over.
  Result<RunResult> run_handed_over(Cancel cancel = {}) {
    return run({.run_id = "t", .caller = {.frontend = "cli", .handed_over = true}}, std::move(cancel));
  }
};

}  // namespace

TEST_CASE("A run is listed with its phase until it ends, and its events are passed on") {
  Bench bench;
  bench.inner.result->verdict = Verdict::ok;
  REQUIRE(bench.run({.run_id = "r1", .caller = {.client = "c"}}));
  using enum LiveRun::Phase;
  CHECK(bench.inner.phases == std::vector{preparing, queued, preparing, running});
  REQUIRE(bench.inner.during.size() == 1);
  const LiveRun& run = bench.inner.during.front();
  CHECK(
      (run.run_id == "r1" && run.client == "c" && run.name == "a.py" && run.language == "python" && run.image == "i"));
  CHECK(run.frontend == "serve");
  CHECK(bench.live.list().empty());
  CHECK(bench.sink.states == 3);
  CHECK(bench.sink.output == "123451");
}

TEST_CASE("A run without an id gets one") {
  Bench bench;
  REQUIRE(bench.run());
  REQUIRE(bench.run());
  CHECK_FALSE(bench.inner.ids.front().empty());
  CHECK(bench.inner.ids.front() != bench.inner.ids.back());
}

TEST_CASE("Ended runs are counted by verdict, error code and duration") {
  Bench bench;
  bench.inner.result->verdict = Verdict::failed;
  bench.inner.result->duration = 300ms;
  REQUIRE(bench.run());
  bench.inner.result->duration = 1h;
  REQUIRE(bench.run());
  bench.inner.result = fail(ErrorCode::busy, "full");
  REQUIRE_FALSE(bench.run());
  const RunFigures& figures = bench.live.figures();
  CHECK(figures.verdicts == std::map<Verdict, std::uint64_t>{{Verdict::failed, 2}});
  CHECK(figures.errors == std::map<ErrorCode, std::uint64_t>{{ErrorCode::busy, 1}});
  CHECK(figures.program.count == 2);
  CHECK(figures.program.seconds == 3600.3);
  CHECK(figures.whole.count == 3);
  CHECK(figures.queue.count == 3);
  CHECK(figures.to_start.count == 3);
  CHECK(figures.to_output.count == 3);
  CHECK(figures.stdout_bytes == 15);
  CHECK(figures.stderr_bytes == 3);
  for (std::size_t i = 0; i < TimeFigures::kBuckets.size(); ++i)
    CHECK(figures.program.at_most[i] == (TimeFigures::kBuckets[i] < 0.3 ? 0 : 1));
}

TEST_CASE("A cancel by id affects only a live run with that id") {
  Bench bench;
  bench.inner.cancel_self = true;
  const auto result = bench.run({.run_id = "r1"});
  CHECK(bench.inner.cancelled == 1);
  CHECK(result->verdict == Verdict::cancelled);
  CHECK(bench.live.cancel({}, "r1", CancelReason::user) == 0);
}

TEST_CASE("A client can cancel only its own runs (S12)") {
  Bench bench;
  bench.inner.cancel_self = true;
  bench.inner.as.client = "bob";
  REQUIRE(bench.run({.run_id = "a1", .caller = {.client = "alice"}}));
  CHECK(bench.inner.cancelled == 0);
  bench.inner.as.client = "alice";
  CHECK(bench.run({.run_id = "a1", .caller = {.client = "alice"}})->verdict == Verdict::cancelled);
  CHECK(bench.inner.cancelled == 1);
}

TEST_CASE("No run begins after close() (K05)") {
  Bench bench;
  bench.live.close(CancelReason::shutdown);
  const auto result = bench.run();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::cancelled);
  CHECK(bench.inner.ids.empty());
  CHECK(tests::run_task(bench.io, bench.live.none(in(1s))));
}

TEST_CASE("A drain lets a running run continue and ends a queued run (K05)") {
  Bench bench;
  bench.inner.during_run = [&] { bench.live.drain(); };
  SECTION("The run is running") {
    CHECK(bench.run());
    CHECK(bench.live.closing().cancelled());
  }
  SECTION("The run is queued") {
    bench.inner.only_queued = true;
    bench.inner.result = fail(ErrorCode::cancelled, "The run was cancelled while it waited for its turn");
    CHECK(bench.run().error().code == ErrorCode::cancelled);
    CHECK(bench.live.figures().stopped == 1);
    CHECK(bench.live.figures().errors.empty());
  }
}

TEST_CASE("A run that a shutdown ends is an error, and a run that a user cancels has a result (K05)") {
  Bench bench;
  bench.inner.during_run = [&] { bench.live.close(CancelReason::shutdown); };
  CHECK(bench.run().error().code == ErrorCode::cancelled);
  Bench other;
  other.inner.cancel_self = true;
  other.inner.during_run = [&] { other.live.drain(); };
  CHECK(other.run({.run_id = "r"})->verdict == Verdict::cancelled);
}

TEST_CASE("Handed-over runs are listed and counted, and keep their result if a shutdown ends them") {
  Bench bench;
  Cancel cancel;
  bench.inner.during_run = [&] {
    bench.live.close(CancelReason::shutdown);
    cancel.cancel(CancelReason::shutdown);
  };
  const auto result = bench.run_handed_over(cancel);
  REQUIRE(result);
  CHECK(result->verdict == Verdict::cancelled);
  CHECK(bench.inner.during.front().frontend == "cli");
  CHECK(bench.live.figures().program.count == 1);
}

TEST_CASE("A shutdown ends a handed-over run only if it is queued, and does not wait for it") {  // R10
  Bench bench;
  SECTION("The run is running") {
    bool none = false;
    bench.inner.result->verdict = Verdict::ok;
    bench.inner.during_run = [&] {
      bench.live.close(CancelReason::shutdown);
      none = bench.live.own() == 0 && bench.live.list().size() == 1;
    };
    const auto result = bench.run_handed_over();
    REQUIRE(result);
    CHECK(result->verdict == Verdict::ok);
    CHECK(none);
  }
  SECTION("The run is queued") {
    bench.inner.only_queued = true;
    bench.inner.during_run = [&] { bench.live.close(CancelReason::shutdown); };
    bench.inner.result = fail(ErrorCode::cancelled, "The run was cancelled while it waited for its turn");
    const auto result = bench.run_handed_over();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::cancelled);
  }
}

TEST_CASE("A caller lists and cancels its own runs, an operator those of everyone") {
  asio::io_context io;
  LiveRuns live(io.get_executor());
  Cancel alice, bob;
  const auto first = live.add({.run_id = "a", .caller = {.client = "alice"}}, alice);
  const auto second = live.add({.run_id = "b", .caller = {.client = "bob"}}, bob);
  REQUIRE((first && second));
  CHECK(live.list({.client = "alice"}).size() == 1);
  CHECK(live.list({.client = "carol"}).empty());
  CHECK(live.list({.client = "carol", .is_operator = true}).size() == 2);
  CHECK(live.cancel({.client = "alice"}, "b", CancelReason::user) == 0);
  CHECK(live.cancel({.client = "alice"}, {}, CancelReason::user) == 1);
  CHECK((alice.cancelled() && !bob.cancelled()));
  CHECK(live.cancel({.is_operator = true}, "b", CancelReason::user) == 1);
  CHECK(bob.reason() == CancelReason::user);
}

TEST_CASE("An id belongs to one live run at a time") {
  asio::io_context io;
  LiveRuns live(io.get_executor());
  auto first = live.add({.run_id = "a"}, {});
  REQUIRE(first);
  const auto second = live.add({.run_id = "a", .caller = {.client = "other"}}, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::invalid_request);
  CHECK(live.list().size() == 1);
  first->reset();
  CHECK(live.list().empty());
  CHECK(live.add({.run_id = "a"}, {}));
}

}  // namespace live_runs_test
