#include "services/history/history_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "services/history/history_codec.hpp"
#include "services/history/history_migration.hpp"
#include "services/history/history_place.hpp"
#include "services/history/sqlite.hpp"
#include "services/history/sqlite_memory.hpp"
#include "support/clock.hpp"
#include "support/ids.hpp"

namespace dind {

using sqlite::Database;
using sqlite::Failure;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

constexpr const char* kTables = R"(
  CREATE TABLE runs(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, run_id TEXT NOT NULL,
    user TEXT NOT NULL, frontend TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL,
    began INTEGER NOT NULL, ended INTEGER, bytes INTEGER NOT NULL,
    started BLOB, outcome BLOB, asked BLOB NOT NULL, program BLOB,
    out_head BLOB, out_tail BLOB, out_left INTEGER, err_head BLOB, err_tail BLOB, err_left INTEGER, client TEXT);
  CREATE INDEX runs_run_id ON runs(run_id);
  CREATE INDEX runs_client ON runs(client);
  CREATE INDEX runs_sizes ON runs(state, bytes);
)";

constexpr const char* kSummary = "seq, id, run_id, user, frontend, owner, state, began, ended, bytes, started, outcome";

HistoryRecord summary_at(const Statement& row, const std::string& path) {
  HistoryRecord record;
  record.id = row.bytes_at(1);
  record.run_id = row.bytes_at(2);
  record.user = row.bytes_at(3);
  record.frontend = row.bytes_at(4);
  record.owner = row.bytes_at(5);
  record.state = history_state(row.bytes_at(6)).value_or(HistoryState::interrupted);
  record.began = row.number_at(7);
  record.bytes = row.number_at(9);
  const auto damaged = [&] { throw Failure{SQLITE_CORRUPT, "run " + record.id + " is damaged in " + path}; };
  if (!row.is_null(10)) {
    record.started.emplace();
    if (!decode_started(row.bytes_at(10), *record.started)) damaged();
  }
  if (!row.is_null(11)) {
    record.end.emplace();
    record.end->ended = row.number_at(8);
    if (!decode_end(row.bytes_at(11), *record.end)) damaged();
  }
  return record;
}

void read_asked(HistoryRecord& record, const std::string& asked) {
  if (!decode_asked(asked, record)) throw Failure{SQLITE_CORRUPT, "run " + record.id + " is damaged"};
}

void check_form(std::int64_t version) {
  const std::string forms =
      ": its form is " + std::to_string(version) + ", and this version writes form " + std::to_string(kHistoryForm);
  if (version > kHistoryForm) throw Failure{sqlite::kNewerForm, "a newer dind-executor wrote it" + forms};
  // On a disk that can be written, an older form was changed before.
  if (version < kHistoryForm) throw Failure{SQLITE_READONLY, "an older dind-executor wrote it" + forms};
}

void set_up(const Database& database, bool alone) {
  sqlite3* handle = database.handle();
  sqlite::allocate_shared_memory(handle);
  if (alone) {
    // No other process can use the file, so SQLite keeps the log's index in this process's memory and not in PATH-shm.
    // The checkpoint moves the log's content into the file, if there is space, and so frees space on the disk.
    database.execute("PRAGMA locking_mode=EXCLUSIVE");
    sqlite3_exec(handle, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
  }
  const auto number = [&](const char* pragma) {
    Statement statement(handle, pragma);
    statement.step();
    return statement.number_at(0);
  };
  // auto_vacuum has an effect only before the first table exists. In an existing file it is a write, which fails on a
  // full disk.
  if (number("PRAGMA page_count") == 0) database.execute("PRAGMA auto_vacuum=INCREMENTAL");
  // If two processes create the file at once, the second one gets SQLITE_BUSY without a wait.
  for (int tries = 0;; ++tries) {
    const int code = sqlite3_exec(handle, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) break;
    if ((code & 0xff) != SQLITE_BUSY || tries == 50) database.fail_with(code);
    sqlite3_sleep(20);
  }
  database.execute("PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON");
  const auto version = [&] { return number("PRAGMA user_version"); };
  if (version() == 0) {
    Transaction making(handle);
    if (version() == 0) {  // no other process was faster
      database.execute(kTables);
      database.execute(("PRAGMA user_version=" + std::to_string(kHistoryForm)).c_str());
    }
    making.commit();
  }
  migrate_history(handle);
  check_form(version());
}

// Opens the history on a disk that can't be written, to read what is in the file.
std::unique_ptr<Database> open_to_read(const std::string& path, std::chrono::milliseconds patience) {
  std::error_code ignored;
  const std::string log = path + "-wal";
  const bool has_log = std::filesystem::exists(log, ignored) && !std::filesystem::is_empty(log, ignored);
  auto database =
      std::make_unique<Database>(path, patience, has_log ? sqlite::Use::read : sqlite::Use::read_unchanging);
  Statement version(database->handle(), "PRAGMA user_version");
  version.step();
  check_form(version.number_at(0));
  return database;
}

}  // namespace

HistoryStore::HistoryStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
HistoryStore::~HistoryStore() = default;

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(const std::string& path, std::chrono::milliseconds patience) {
  const auto problem = make_history_file(path);
  const bool read_only = problem == std::errc::read_only_file_system && ::access(path.c_str(), R_OK) == 0;
  if (problem && !read_only) return std::unexpected(Database::error(path, place_failure(path, problem)));
  const auto made = [&](bool alone) {
    auto database = std::make_unique<Database>(path, patience);
    set_up(*database, alone);
    std::unique_ptr<HistoryStore> store(new HistoryStore(std::move(database)));
    try {
      store->close_orphans();
    } catch (const Failure& failure) {
      // The orphans stay for the next process that can write. The file can be read; waiting runs can be written later.
      if (!sqlite::is_full(failure.code) && !sqlite::is_busy(failure.code)) throw;
    }
    store->take_in_late();
    return store;
  };
  try {
    if (read_only) return std::unique_ptr<HistoryStore>(new HistoryStore(open_to_read(path, patience)));
    try {
      return made(false);
    } catch (const Failure& failure) {
      if (!sqlite::is_full(failure.code) && !sqlite::is_shared_memory_fault(failure.code)) throw;
      return made(true);  // the disk is full
    }
  } catch (const Failure& failure) {
    return std::unexpected(Database::error(path, failure));
  }
}

void HistoryStore::close_orphans() {
  sqlite3* handle = database_->handle();
  std::vector<std::int64_t> gone;
  {
    Statement running(handle, "SELECT seq, owner, began, started FROM runs WHERE state = 'running'");
    while (running.step()) {
      // The process may belong to another boot or machine, where it can't be checked. Then the run counts as gone one
      // day after its time limit.
      HistoryStarted started;
      const auto limit =
          !running.is_null(3) && decode_started(running.bytes_at(3), started) ? started.limits.timeout.count() : kDayMs;
      if (owner_is_gone(running.bytes_at(1)) || running.number_at(2) + limit + kDayMs < unix_now_ms())
        gone.push_back(running.number_at(0));
    }
  }
  for (const auto seq : gone)
    Statement(handle, "UPDATE runs SET state = 'interrupted' WHERE seq = ? AND state = 'running'").number(seq).run();
}

Result<void> HistoryStore::insert(const HistoryRecord& record) {
  const auto* source = std::get_if<SourceProgram>(&record.spec.program);
  const std::string_view program = source != nullptr ? std::string_view(source->text) : std::string_view();
  try {
    const auto asked = encode_asked(record);
    Statement(database_->handle(),
              "INSERT INTO runs(id, run_id, user, frontend, owner, state, began, bytes, asked, program, client) "
              "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING")
        .text(record.id)
        .text(record.run_id)
        .text(record.user)
        .text(record.frontend)
        .text(record.owner)
        .text(to_string(record.state))
        .number(record.began)
        .number(static_cast<std::int64_t>(asked.size() + program.size() + 256))
        .blob(asked)
        .blob(program)
        .text(record.spec.caller.client)
        .run();
    return {};
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

Result<void> HistoryStore::start(const std::string& id, const HistoryStarted& started) {
  try {
    Statement(database_->handle(), "UPDATE runs SET started = ? WHERE id = ?")
        .blob(encode_started(started))
        .text(id)
        .run();
    return {};
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

Result<void> HistoryStore::end(const std::string& id, const HistoryEnd& end) {
  try {
    const auto outcome = encode_end(end);
    const auto output = end.out.head.size() + end.out.tail.size() + end.err.head.size() + end.err.tail.size();
    Statement(database_->handle(),
              "UPDATE runs SET state = ?, ended = ?, bytes = bytes + ?, outcome = ?, out_head = ?, out_tail = ?, "
              "out_left = ?, err_head = ?, err_tail = ?, err_left = ? WHERE id = ? AND ended IS NULL")
        .text(to_string(end.result ? HistoryState::finished : HistoryState::error))
        .number(end.ended)
        .number(static_cast<std::int64_t>(outcome.size() + output))
        .blob(outcome)
        .blob(end.out.head)
        .blob(end.out.tail)
        .number(static_cast<std::int64_t>(end.out.left_out))
        .blob(end.err.head)
        .blob(end.err.tail)
        .number(static_cast<std::int64_t>(end.err.left_out))
        .text(id)
        .run();
    return {};
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

HistoryStore::Together HistoryStore::together(const std::vector<Work>& parts) {
  Together all;
  try {
    Transaction writing(database_->handle());
    for (const auto& part : parts) {
      if (auto done = part(*this); !done) all.error = std::move(done.error());
      // On a disk that is full, or fails, SQLite rolls back the whole transaction by itself.
      if (sqlite3_get_autocommit(database_->handle()) != 0) return all;
    }
    writing.commit();
    all.written = true;
  } catch (const Failure& failure) {
    all.busy = sqlite::is_busy(failure.code);
    all.error = database_->error(failure);
  }
  return all;
}

Result<std::vector<HistoryRecord>> HistoryStore::list(std::size_t limit, const std::optional<std::string>& client) {
  try {
    std::vector<HistoryRecord> records;
    Statement rows(database_->handle(),
                   (std::string("SELECT ") + kSummary + ", asked, substr(program, 1, 1024) FROM runs " +
                    (client ? "WHERE client = ? " : "") + "ORDER BY seq DESC LIMIT ?")
                       .c_str());
    if (client) rows.text(*client);
    rows.number(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
    while (rows.step()) {
      records.push_back(summary_at(rows, database_->path()));
      read_asked(records.back(), rows.bytes_at(12));
      if (auto* source = std::get_if<SourceProgram>(&records.back().spec.program)) source->text = rows.bytes_at(13);
    }
    return records;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

Result<std::int64_t> HistoryStore::row_of(const std::string& id, const std::optional<std::string>& client) {
  sqlite3* handle = database_->handle();
  const std::string whose = client ? " AND client = ?2" : "";
  const auto bind = [&](Statement& statement) -> Statement& {
    statement.text(id);
    return client ? statement.text(*client) : statement;
  };
  // Search for the record id, then for the run id, then for ids with this beginning.
  Statement exact(handle, ("SELECT seq FROM runs WHERE id = ?1" + whose).c_str());
  if (bind(exact).step()) return exact.number_at(0);
  Statement of_run(handle, ("SELECT MAX(seq), COUNT(DISTINCT client), MAX(client LIKE 'token:%') FROM runs WHERE "
                            "run_id = ?1" +
                            whose)
                               .c_str());
  if (bind(of_run).step() && !of_run.is_null(0)) {
    // A client may choose the run id of another client's run. The result must not be a run of the wrong client.
    if (of_run.number_at(1) > 1 && of_run.number_at(2) == 1)
      return fail(ErrorCode::invalid_request, "Runs of more than one client have the id \"" + id +
                                                  "\"; give the id of the record, which the list of runs has");
    return of_run.number_at(0);
  }
  if (!id.empty()) {
    Statement beginning(handle, ("SELECT seq FROM runs WHERE (substr(id, 1, length(?1)) = ?1 OR substr(run_id, 1, "
                                 "length(?1)) = ?1)" +
                                 whose + " LIMIT 2")
                                    .c_str());
    if (bind(beginning).step()) {
      const auto seq = beginning.number_at(0);
      if (beginning.step())
        return fail(ErrorCode::invalid_request, "More than one run begins with \"" + id + "\"; give more of the id");
      return seq;
    }
  }
  return fail(ErrorCode::not_found, "The history has no run \"" + id + "\"");
}

Result<HistoryRecord> HistoryStore::find(const std::string& id, const std::optional<std::string>& client) {
  try {
    const auto seq = row_of(id, client);
    if (!seq) return std::unexpected(seq.error());
    Statement row(database_->handle(), (std::string("SELECT ") + kSummary +
                                        ", asked, program, out_head, out_tail, out_left, err_head, err_tail, err_left "
                                        "FROM runs WHERE seq = ?")
                                           .c_str());
    row.number(*seq);
    if (!row.step()) return fail(ErrorCode::not_found, "The run \"" + id + "\" was pruned just now");
    auto record = summary_at(row, database_->path());
    read_asked(record, row.bytes_at(12));
    if (auto* source = std::get_if<SourceProgram>(&record.spec.program)) source->text = row.bytes_at(13);
    if (record.end) {
      record.end->out = {row.bytes_at(14), row.bytes_at(15), static_cast<std::uint64_t>(row.number_at(16))};
      record.end->err = {row.bytes_at(17), row.bytes_at(18), static_cast<std::uint64_t>(row.number_at(19))};
    }
    return record;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

}  // namespace dind
