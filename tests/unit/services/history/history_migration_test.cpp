#include "services/history/history_migration.hpp"

#include <catch2/catch_test_macros.hpp>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_store.hpp"

namespace history_migration_test {

using namespace dind;
using namespace dind::tests;

namespace {

std::unique_ptr<HistoryStore> open(const HistoryFolder& folder) {
  auto store = HistoryStore::open(folder.file());
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

HistoryRecord recorded_by(const char* frontend) {
  auto record = record_of();
  record.frontend = frontend;
  return record;
}

// Gives the file form 1, as it was written before the column `frontend` had its name.
void make_form_1(const std::string& file, bool with_client = true) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  const auto run = [&](const char* sql) {
    INFO(sql);
    CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  run("UPDATE runs SET frontend = CASE frontend WHEN 'lsp' THEN 'editor' WHEN 'jsonrpc' THEN 'rpc' "
      "WHEN 'http' THEN 'serve' ELSE frontend END");
  run("ALTER TABLE runs RENAME COLUMN frontend TO face");
  if (!with_client) run("DROP INDEX runs_client; ALTER TABLE runs DROP COLUMN client");
  run("PRAGMA user_version=1");
  sqlite3_close(handle);
}

std::vector<std::string> frontends(HistoryStore& store) {
  std::vector<std::string> all;
  const auto records = store.list(10);
  REQUIRE(records);
  for (const auto& record : *records) all.push_back(record.frontend);
  return all;
}

}  // namespace

TEST_CASE("A history of form 1 has the frontends' names of today after it is opened") {
  for (const bool with_client : {true, false}) {
    const HistoryFolder folder;
    {
      const auto store = open(folder);
      for (const char* each : {"library", "cli", "http", "jsonrpc", "lsp"}) REQUIRE(store->insert(recorded_by(each)));
    }
    make_form_1(folder.file(), with_client);
    const std::vector<std::string> all{"lsp", "jsonrpc", "http", "cli", "library"};  // the newest first
    CHECK(frontends(*open(folder)) == all);
    CHECK(frontends(*open(folder)) == all);
  }
}

TEST_CASE("Runs of form 1 that lie beside the history are added to it") {
  const HistoryFolder folder;
  const auto record = recorded_by("http");
  const auto store = open(folder);
  const auto late =
      HistoryStore::write_aside(folder.file(), {[&](HistoryStore& each) { return each.insert(record); },
                                                [&](HistoryStore& each) { return each.end(record.id, an_end()); }});
  REQUIRE(late);
  make_form_1(*late);
  CHECK(frontends(*open(folder)) == std::vector<std::string>{"http"});
  CHECK_FALSE(std::filesystem::exists(*late));
}

}  // namespace history_migration_test
