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

TEST_CASE("what is written together is there, and pruned to what is to be kept") {
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

TEST_CASE("a burst that the history can't follow leaves out whole runs, never an end") {
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
  CHECK(records.size() >= 100);  // as many as may wait, at least
  for (const auto& each : records) CHECK(each.state == HistoryState::finished);
}

TEST_CASE("whoever asks for the history sees what was handed over before") {
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

TEST_CASE("what another process keeps from being written is written when it lets go") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .patience = 20ms});
  a_run(worker);
  REQUIRE(is_written(worker, context, 30s));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  for (int i = 0; i < 5; ++i) a_run(worker);
  CHECK_FALSE(is_written(worker, context, 300ms));  // ten times its patience
  CHECK(list_of(worker, context).size() == 1);
  REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  REQUIRE(is_written(worker, context, 30s));
  const auto records = list_of(worker, context);
  CHECK(records.size() == 6);
  for (const auto& each : records) CHECK(each.state == HistoryState::finished);
}

TEST_CASE("a process that leaves while another one holds the history puts its runs beside it") {  // R08
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
    worker.ended(id, an_end());  // held from the middle of a run on
    a_run(worker);               // and from its beginning
    worker.began(record_of());   // one that goes on is not put there
    CHECK_FALSE(is_written(worker, context, 100ms));
    CHECK_FALSE(is_written(worker, context, 100ms));  // once
    const auto store = HistoryStore::open(folder.file(), 10ms);
    REQUIRE(store);
    CHECK((*store)->list(10)->size() == 2);
    std::size_t late = 0;
    for (const auto& each : std::filesystem::directory_iterator(std::filesystem::path(folder.file()).parent_path()))
      late += each.path().string().contains(".late-") ? 1 : 0;
    CHECK(late == 1);
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    REQUIRE(is_written(worker, context, 30s));  // it was not the last of this process after all
  }
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file()});
  const auto records = list_of(worker, context);
  CHECK(records.size() == 4);
  CHECK(std::ranges::count(records, HistoryState::finished, &HistoryRecord::state) == 3);
  CHECK(std::ranges::count(records, HistoryState::running, &HistoryRecord::state) == 1);
}

}  // namespace history_worker_test
