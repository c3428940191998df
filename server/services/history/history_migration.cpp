#include "services/history/history_migration.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "services/history/sqlite.hpp"
#include "support/json_reader.hpp"

namespace dind {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

bool has_column(sqlite3* handle, const char* name) {
  Statement columns(handle, "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?");
  return columns.text(name).step();
}

// Renames a field of what a run was asked for. A record that can't be decoded stays as it is.
void rename_asked(sqlite3* handle, const char* from, const char* to) {
  std::vector<std::pair<std::int64_t, std::string>> changed;
  {
    Statement rows(handle, "SELECT seq, asked FROM runs");
    while (rows.step()) {
      auto asked = read_cbor(rows.bytes_at(1));
      if (!asked || !asked->is_object() || !asked->contains(from)) continue;
      (*asked)[to] = std::move((*asked)[from]);
      asked->erase(from);
      const auto bytes = nlohmann::json::to_cbor(*asked);
      changed.emplace_back(rows.number_at(0), std::string(bytes.begin(), bytes.end()));
    }
  }
  for (const auto& [seq, asked] : changed)
    Statement(handle, "UPDATE runs SET asked = ? WHERE seq = ?").blob(asked).number(seq).run();
}

// Form 1: the column for the frontend is `face`, with other names; the dependencies are `requirements`; files of the
// first versions have no client.
void migrate_from_1(sqlite3* handle) {
  if (!has_column(handle, "client")) Statement(handle, "ALTER TABLE runs ADD COLUMN client TEXT").run();
  Statement(handle, "CREATE INDEX IF NOT EXISTS runs_client ON runs(client)").run();
  Statement(handle, "ALTER TABLE runs RENAME COLUMN face TO frontend").run();
  Statement(handle,
            "UPDATE runs SET frontend = CASE frontend WHEN 'editor' THEN 'lsp' WHEN 'rpc' THEN 'jsonrpc' "
            "WHEN 'serve' THEN 'http' ELSE frontend END")
      .run();
  rename_asked(handle, "requirements", "dependencies");
}

}  // namespace

std::int64_t history_form(sqlite3* handle) {
  Statement version(handle, "PRAGMA user_version");
  version.step();
  return version.number_at(0);
}

void migrate_history(sqlite3* handle) {
  if (history_form(handle) != 1) return;
  Transaction changing(handle);
  if (history_form(handle) != 1) return;  // another process was faster
  migrate_from_1(handle);
  Statement(handle, ("PRAGMA user_version=" + std::to_string(kHistoryForm)).c_str()).run();
  changing.commit();
}

}  // namespace dind
