#include "services/history/history_migration.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

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

// Gives what one run was asked for the field's name in form 1.
void rename_dependencies(sqlite3* handle) {
  using nlohmann::json;
  sqlite3_stmt* row = nullptr;
  REQUIRE(sqlite3_prepare_v2(handle, "SELECT asked FROM runs LIMIT 1", -1, &row, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(row) == SQLITE_ROW);
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(row, 0));
  auto asked = json::from_cbor(bytes, bytes + sqlite3_column_bytes(row, 0));
  sqlite3_finalize(row);
  if (!asked.contains("dependencies")) return;
  asked["requirements"] = asked["dependencies"];
  asked.erase("dependencies");
  const auto written = json::to_cbor(asked);
  REQUIRE(sqlite3_prepare_v2(handle, "UPDATE runs SET asked = ?", -1, &row, nullptr) == SQLITE_OK);
  sqlite3_bind_blob(row, 1, written.data(), static_cast<int>(written.size()), SQLITE_STATIC);
  CHECK(sqlite3_step(row) == SQLITE_DONE);
  sqlite3_finalize(row);
}

// Gives the file form 1, as it was written before the column `frontend` had its name.
void make_form_1(const std::string& file, bool with_client = true) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  const auto run = [&](const char* sql) {
    INFO(sql);
    CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  rename_dependencies(handle);
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

TEST_CASE("A run of form 1 keeps its dependencies") {
  const HistoryFolder folder;
  auto spec = python();
  spec.dependencies = {"six", "flask>=2"};
  const auto record = record_of(spec);
  REQUIRE(open(folder)->insert(record));
  make_form_1(folder.file());
  const auto found = open(folder)->find(record.id);
  REQUIRE(found);
  CHECK(found->spec.dependencies == spec.dependencies);
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
