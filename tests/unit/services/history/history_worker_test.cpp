#include "services/history/history_worker.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_store.hpp"

namespace history_worker_test {

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

void a_run(HistoryWorker& worker) {
  auto record = record_of();
  const auto id = record.id;
  worker.began(std::move(record));
  worker.started(id, {.name = "a.py", .language = "python", .image = "i", .limits = {}, .network = Network::none});
  worker.ended(id, an_end());
}

std::vector<HistoryRecord> list_of(HistoryWorker& worker, asio::io_context& context) {
  std::vector<HistoryRecord> records;
  context.restart();
  asio::co_spawn(
      context,
      [&]() -> Task<void> {
        auto list = co_await worker.list(100'000);
        if (!list) FAIL(list.error().message);
        records = std::move(*list);
      },
      asio::detached);
  context.run();
  return records;
}

bool is_written(HistoryWorker& worker, asio::io_context& context, std::chrono::milliseconds within) {
  bool written = false;
  context.restart();
  asio::co_spawn(context, [&]() -> Task<void> { written = co_await worker.written(in(within)); }, asio::detached);
  context.run();
  return written;
}

}  // namespace

TEST_CASE("Runs that are written together are complete, and pruning keeps at least max_runs of them") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .max_runs = 20});
  for (int i = 0; i < 50; ++i) a_run(worker);
  REQUIRE(is_written(worker, context, 30s));
  const auto records = list_of(worker, context);
  CHECK(records.size() >= 20);
  for (const auto& each : records) {
    CHECK(each.state == HistoryState::finished);
    CHECK(each.started.has_value());
  }
}

TEST_CASE("A burst that is too fast for the history drops whole runs, never only their ends") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .max_runs = 100'000});
  std::vector<std::string> ids;
  for (int i = 0; i < 2000; ++i) {
    auto record = record_of();
    ids.push_back(record.id);
    worker.began(std::move(record));
  }
  for (auto& id : ids) worker.ended(std::move(id), an_end());
  REQUIRE(is_written(worker, context, 30s));
  const auto records = list_of(worker, context);
  CHECK(records.size() >= 100);  // at least as many as can wait
  for (const auto& each : records) CHECK(each.state == HistoryState::finished);
}

TEST_CASE("A query returns all runs that were recorded before it") {
  for (int i = 0; i < 20; ++i) {
    const HistoryFolder folder;
    asio::io_context context;
    HistoryWorker worker(context.get_executor(), {.path = folder.file()});
    a_run(worker);
    a_run(worker);
    const auto records = list_of(worker, context);
    REQUIRE(records.size() == 2);
    for (const auto& each : records) CHECK(each.state == HistoryState::finished);
  }
}

TEST_CASE("Runs that another process's lock delays are written when the lock is released") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .patience = 20ms});
  a_run(worker);
  REQUIRE(is_written(worker, context, 30s));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  for (int i = 0; i < 5; ++i) a_run(worker);
  CHECK_FALSE(is_written(worker, context, 300ms));  // longer than its patience
  CHECK(list_of(worker, context).size() == 1);
  REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  REQUIRE(is_written(worker, context, 30s));
  const auto records = list_of(worker, context);
  CHECK(records.size() == 6);
  for (const auto& each : records) CHECK(each.state == HistoryState::finished);
}

TEST_CASE("A process that exits while another one locks the history writes its runs to a .late file") {  // R08
  const HistoryFolder folder;
  sqlite3* other = nullptr;
  {
    asio::io_context context;
    HistoryWorker worker(context.get_executor(), {.path = folder.file(), .patience = 20ms});
    a_run(worker);
    auto begun = record_of();
    const auto id = begun.id;
    worker.began(std::move(begun));
    REQUIRE(is_written(worker, context, 30s));
    REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    worker.ended(id, an_end());  // began before the lock
    a_run(worker);               // began after the lock
    worker.began(record_of());   // still running: it is not written there
    CHECK_FALSE(is_written(worker, context, 100ms));
    CHECK_FALSE(is_written(worker, context, 100ms));  // adds no second file
    const auto store = HistoryStore::open(folder.file(), 10ms);
    REQUIRE(store);
    CHECK((*store)->list(10)->size() == 2);
    std::size_t late = 0;
    for (const auto& each : std::filesystem::directory_iterator(std::filesystem::path(folder.file()).parent_path()))
      late += each.path().string().contains(".late-") ? 1 : 0;
    CHECK(late == 1);
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    REQUIRE(is_written(worker, context, 30s));  // the process goes on after all
  }
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file()});
  const auto records = list_of(worker, context);
  CHECK(records.size() == 4);
  CHECK(std::ranges::count(records, HistoryState::finished, &HistoryRecord::state) == 3);
  CHECK(std::ranges::count(records, HistoryState::running, &HistoryRecord::state) == 1);
}

}  // namespace history_worker_test
