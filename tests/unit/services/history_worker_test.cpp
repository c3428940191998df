#include "services/history_worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "services/history_fixtures.hpp"

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;

namespace {

HistoryEnd an_end() {
  HistoryEnd end{.ended = 1'700'000'000'123};
  end.result.emplace();
  end.result->verdict = Verdict::ok;
  return end;
}

std::vector<HistoryRecord> written_by(HistoryWorker& worker, asio::io_context& context) {
  std::vector<HistoryRecord> records;
  asio::co_spawn(
      context,
      [&]() -> Task<void> {
        if (!co_await worker.written(in(30s))) FAIL("the history was not written within 30 s");
        auto list = co_await worker.list(100'000);
        if (!list) FAIL(list.error().message);
        records = std::move(*list);
      },
      asio::detached);
  context.run();
  return records;
}

}  // namespace

TEST_CASE("what is written together is there, and pruned to what is to be kept") {
  const Folder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .max_runs = 20});
  for (int i = 0; i < 50; ++i) {
    auto record = record_of();
    const auto id = record.id;
    worker.began(std::move(record));
    worker.started(id, {.name = "a.py", .language = "python", .image = "i", .limits = {}, .network = Network::none});
    worker.ended(id, an_end());
  }
  const auto records = written_by(worker, context);
  CHECK(records.size() >= 20);
  for (const auto& each : records) {
    CHECK(each.state == HistoryState::finished);
    CHECK(each.started.has_value());
  }
}

TEST_CASE("a burst that the history can't follow leaves out whole runs, never an end") {
  const Folder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .max_runs = 100'000});
  std::vector<std::string> ids;
  for (int i = 0; i < 2000; ++i) {
    auto record = record_of();
    ids.push_back(record.id);
    worker.began(std::move(record));
  }
  for (auto& id : ids) worker.ended(std::move(id), an_end());
  const auto records = written_by(worker, context);
  CHECK(records.size() >= 100);  // as many as may wait, at least
  for (const auto& each : records) CHECK(each.state == HistoryState::finished);
}
