#include "services/history/history_migration.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "services/history/history_form_2.hpp"
#include "services/history/sqlite.hpp"
#include "support/json_reader.hpp"
#include "wire/json_text.hpp"

namespace dind {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

bool has_column(sqlite3* handle, const char* name) {
  Statement columns(handle, "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?");
  return columns.text(name).step();
}

using Change = nlohmann::json (*)(nlohmann::json);

// Changes the values of a column. A value that can't be decoded stays as it is.
void change_each(sqlite3* handle, const std::string& column, Change change) {
  std::vector<std::pair<std::int64_t, std::string>> changed;
  {
    Statement rows(handle, ("SELECT seq, " + column + " FROM runs WHERE " + column + " IS NOT NULL").c_str());
    while (rows.step()) {
      auto value = read_cbor(rows.bytes_at(1));
      if (!value || !value->is_object()) continue;
      try {
        changed.emplace_back(rows.number_at(0), cbor_bytes(change(*std::move(value))));
      } catch (const nlohmann::json::exception&) {  // a field has another type: one damaged record
      }
    }
  }
  for (const auto& [seq, bytes] : changed)
    Statement(handle, ("UPDATE runs SET " + column + " = ? WHERE seq = ?").c_str()).blob(bytes).number(seq).run();
}

nlohmann::json rename_requirements(nlohmann::json asked) {
  if (!asked.contains("requirements")) return asked;
  asked["dependencies"] = std::move(asked["requirements"]);
  asked.erase("requirements");
  return asked;
}

// Form 1: the column for the frontend is `face`, with other names; the dependencies are `requirements`; files of the
// first versions have no client.
void migrate_from_1(sqlite3* handle) {
  if (!has_column(handle, "client")) Statement(handle, "ALTER TABLE runs ADD COLUMN client TEXT").run();
  Statement(handle, "CREATE INDEX IF NOT EXISTS runs_client ON runs(client)").run();
  Statement(handle, "ALTER TABLE runs RENAME COLUMN face TO frontend").run();
  Statement(handle,
            "UPDATE runs SET frontend = CASE WHEN frontend = 'editor' THEN 'lsp' WHEN frontend = 'rpc' THEN 'jsonrpc' "
            "WHEN frontend = 'serve' AND client LIKE 'socket:%' THEN 'jsonrpc' WHEN frontend = 'serve' THEN 'http' "
            "ELSE frontend END")
      .run();
  change_each(handle, "asked", rename_requirements);
}

// Form 2: names of fields that only the history had.
void migrate_from_2(sqlite3* handle) {
  change_each(handle, "asked", asked_of_form_2);
  change_each(handle, "started", started_of_form_2);
  change_each(handle, "outcome", outcome_of_form_2);
}

}  // namespace

std::int64_t history_form(sqlite3* handle) {
  Statement version(handle, "PRAGMA user_version");
  version.step();
  return version.number_at(0);
}

void migrate_history(sqlite3* handle) {
  const auto is_older = [&] {
    const auto form = history_form(handle);
    return form == 1 || form == 2;
  };
  if (!is_older()) return;
  Transaction changing(handle);
  if (!is_older()) return;  // another process was faster
  if (history_form(handle) == 1) migrate_from_1(handle);
  migrate_from_2(handle);
  Statement(handle, ("PRAGMA user_version=" + std::to_string(kHistoryForm)).c_str()).run();
  changing.commit();
}

}  // namespace dind
