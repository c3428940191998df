#include "services/history/history_migration.hpp"

#include <cstdint>
#include <string>

#include "services/history/sqlite.hpp"

namespace dind {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

bool has_column(sqlite3* handle, const char* name) {
  Statement columns(handle, "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?");
  return columns.text(name).step();
}

// Form 1: the column for the frontend is `face`, with other names; files of the first versions have no client.
void migrate_from_1(sqlite3* handle) {
  if (!has_column(handle, "client")) Statement(handle, "ALTER TABLE runs ADD COLUMN client TEXT").run();
  Statement(handle, "CREATE INDEX IF NOT EXISTS runs_client ON runs(client)").run();
  Statement(handle, "ALTER TABLE runs RENAME COLUMN face TO frontend").run();
  Statement(handle,
            "UPDATE runs SET frontend = CASE frontend WHEN 'editor' THEN 'lsp' WHEN 'rpc' THEN 'jsonrpc' "
            "WHEN 'serve' THEN 'http' ELSE frontend END")
      .run();
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
