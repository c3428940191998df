#include "services/history/history_migration.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_form_2.hpp"
#include "services/history/history_store.hpp"
#include "wire/run_result_codec.hpp"
#include "wire/run_spec_codec.hpp"

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

using nlohmann::json;

// The request of the first run, as forms 1 and 2 store it. Form 1 calls the dependencies requirements.
json old_asked(const json& asked) {
  const json& run = asked.at("run");
  return {{"args", json::array()},
          {"env", json::object()},
          {"internet", false},
          {"withheld", json::array()},
          {"gap", 0},
          {"file", run.at("fileName")},
          {"requirements", run.value("dependencies", json::array())},
          {"timeoutMs", 1500}};
}

json old_outcome(const json& outcome) {
  const json& result = outcome.at("result");
  return {{"result",
           {{"id", result.at("runId")},
            {"verdict", result.at("verdict")},
            {"ms", 7},
            {"oom", false},
            {"out", 6},
            {"err", 0},
            {"dropped", 0},
            {"image", "an image"},
            {"imageId", ""},
            {"isolation", "runc"},
            {"degraded", false},
            {"stage", "program"},
            {"builder", ""},
            {"notes", json::array({"a note"})},
            {"cpuUs", 1500}}}};
}

void rewrite(sqlite3* handle, const std::string& column, json (*old)(const json&)) {
  sqlite3_stmt* row = nullptr;
  REQUIRE(sqlite3_prepare_v2(handle, ("SELECT " + column + " FROM runs LIMIT 1").c_str(), -1, &row, nullptr) ==
          SQLITE_OK);
  REQUIRE(sqlite3_step(row) == SQLITE_ROW);
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(row, 0));
  const auto size = sqlite3_column_bytes(row, 0);
  const auto written =
      size == 0 ? std::vector<std::uint8_t>() : json::to_cbor(old(json::from_cbor(bytes, bytes + size)));
  sqlite3_finalize(row);
  if (written.empty()) return;
  REQUIRE(sqlite3_prepare_v2(handle, ("UPDATE runs SET " + column + " = ?").c_str(), -1, &row, nullptr) == SQLITE_OK);
  sqlite3_bind_blob(row, 1, written.data(), static_cast<int>(written.size()), SQLITE_STATIC);
  CHECK(sqlite3_step(row) == SQLITE_DONE);
  sqlite3_finalize(row);
}

// Converts the file to form 1, in which the column `frontend` is called `face`.
void make_form_1(const std::string& file, bool with_client = true) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  const auto run = [&](const char* sql) {
    INFO(sql);
    CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  rewrite(handle, "asked", old_asked);
  rewrite(handle, "outcome", old_outcome);
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

TEST_CASE("A history of form 1 has the current names of the frontends after it is opened") {
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

TEST_CASE("A run of form 1 keeps its limits and its result") {
  const HistoryFolder folder;
  const auto record = record_of();
  {
    const auto store = open(folder);
    REQUIRE(store->insert(record));
    REQUIRE(store->end(record.id, an_end()));
  }
  make_form_1(folder.file());
  const auto found = open(folder)->find(record.id);
  REQUIRE(found);
  CHECK(found->spec.limits.timeout == std::chrono::milliseconds(1500));
  REQUIRE((found->end && found->end->result));
  CHECK(found->end->result->verdict == Verdict::ok);
  CHECK(found->end->result->image == "an image");
  CHECK(found->end->result->notes == std::vector<std::string>{"a note"});
  CHECK(found->end->result->cpu == std::chrono::microseconds(1500));
  CHECK(found->end->out.head == "hello\n");
}

TEST_CASE("Each kind of program of form 2 is read") {
  for (const auto& old : {json{{"command", json::array()}, {"language", "python"}, {"images", {"a"}}},
                          json{{"dockerfile", "FROM a"}, {"context", "c"}, {"ignore", ""}, {"command", "ls"}},
                          json{{"file", "a.py"}, {"folder", "/a"}, {"internet", true}, {"totalMs", 1}, {"gap", 1}}}) {
    INFO(old.dump());
    const auto asked = asked_of_form_2(old);
    CHECK(parse_run_spec(asked.at("run")));
    CHECK(asked.at("gap") == (old.contains("gap") ? "too_large" : "none"));
  }
  const auto ended = parse_outcome(outcome_of_form_2({{"error", {{"kind", "busy"}, {"message", "m"}, {"status", 5}}}}));
  REQUIRE(ended);
  REQUIRE_FALSE(*ended);
  CHECK(ended->error().engine_status == 5);
}

TEST_CASE("Runs of form 1 in a .late file are added to the history") {
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
