#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "frontends/http/handlers.hpp"
#include "frontends/shared/memory_budget.hpp"
#include "services/runs/observed_runs.hpp"
#include "support/run_task.hpp"

namespace unread_replies_test {

using namespace dind;
using namespace dind::frontends;
using namespace dind::frontends::http;

namespace {

constexpr std::size_t kOutput = 100'000;  // larger than a reply that never waits

struct LoudRuns final : RunService {
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) override {
    sink.on_output(Channel::out, std::string(kOutput, 'a'), {});
    ++ended;
    RunResult result;
    result.run_id = *spec.run_id;
    co_return result;
  }
  Task<bool> wait_all_removed(Deadline) override { co_return true; }
  int ended = 0;
};

struct Engine final : EngineWatch {
  Task<EngineStatus> look(Deadline) override { co_return EngineStatus{.reachable = true}; }
  Task<void> watch(std::function<void(const EngineStatus&)>, Cancel) override { co_return; }
};

struct NoHistory final : History {
  void began(HistoryRecord) override {}
  void started(std::string, HistoryStarted) override {}
  void ended(std::string, HistoryEnd) override {}
  Task<bool> written(Deadline) override { co_return true; }
  Task<Result<std::vector<HistoryRecord>>> list(std::size_t, std::optional<std::string>) override { throw Unused{}; }
  Task<Result<HistoryRecord>> find(std::string, std::optional<std::string>) override { throw Unused{}; }
  Task<Result<PruneReport>> prune(PruneRequest) override { throw Unused{}; }
  Task<Result<HistoryCopy>> export_to(std::string) override { throw Unused{}; }
  Task<Result<HistoryCopy>> import_from(std::string, std::string) override { throw Unused{}; }
  Task<void> settle(Deadline) override { co_return; }
  struct Unused {};
};

}  // namespace

TEST_CASE("The reply to any kind of run request waits until other replies are read") {  // S11
  asio::io_context io;
  LoudRuns loud;
  LiveRuns live(io.get_executor());
  ObservedRuns runs(loud, live);
  Engine engine;
  NoHistory history;
  Handlers handlers(io.get_executor(),
                    {.runs = runs, .live = live, .engine = engine, .history = history, .version = "1"});
  const auto until = [&](const auto& done) {
    for (const auto deadline = in(std::chrono::seconds(60)); !done() && Clock::now() < deadline;)
      io.run_one_until(deadline);
    REQUIRE(done());
  };
  for (const std::string path : {"/runs", "/execute", "events"}) {
    INFO(path);
    loud.ended = 0;
    auto others = tests::run_task(io, room_for_reply(io.get_executor(), SIZE_MAX, {}));  // the whole budget
    const auto full = unread_replies().used();
    io.restart();
    const auto events = std::make_shared<EventQueue>(io.get_executor());
    std::shared_ptr<void> hold;
    bool answered = false;
    std::string body;
    const auto ask = [&]() -> Task<void> {
      if (path == "events") {
        co_await handlers.stream({.spec = {.program = CommandProgram{{"true"}}, .run_id = "r"}}, events, {});
        while (auto piece = co_await events->next()) {
          body += piece->bytes;
          hold = piece->hold;
        }
      } else {
        auto answer = co_await handlers.answer(
            {.method = "POST", .path = path, .body = "{\"code\":\"1\",\"language\":\"python\"}"}, {});
        auto& reply = std::get<Reply>(answer);
        body = std::move(reply.body);
        hold = std::move(reply.hold);
      }
      answered = true;
    };
    spawn(io.get_executor(), "the client", ask());
    until([&] { return loud.ended == 1; });
    for (int looks = 0; looks < 3; ++looks) io.run_one_for(std::chrono::milliseconds(25));
    CHECK_FALSE(answered);
    CHECK(unread_replies().used() == full);
    others.reset();
    until([&] { return answered; });
    CHECK(body.size() > kOutput);
    // The reply uses the budget until the client has read it.
    REQUIRE(hold);
    CHECK(unread_replies().used() >= kOutput);
    hold.reset();
    CHECK(unread_replies().used() == 0);
  }
}

}  // namespace unread_replies_test
