#include "services/history_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "services/history_codec.hpp"
#include "services/sqlite.hpp"
#include "support/ids.hpp"

namespace dind {

using sqlite::Database;
using sqlite::Failure;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr int kSchema = 1;
constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

constexpr const char* kTables = R"(
  CREATE TABLE runs(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, run_id TEXT NOT NULL,
    user TEXT NOT NULL, face TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL,
    began INTEGER NOT NULL, ended INTEGER, bytes INTEGER NOT NULL,
    started BLOB, outcome BLOB, asked BLOB NOT NULL, program BLOB,
    out_head BLOB, out_tail BLOB, out_left INTEGER, err_head BLOB, err_tail BLOB, err_left INTEGER);
  CREATE INDEX runs_run_id ON runs(run_id);
  CREATE INDEX runs_sizes ON runs(state, bytes);
)";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// 0600 from its first byte on. SQLite gives its other files the same mode.
std::error_code make_file(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code problem;
  if (!folder.empty() && !std::filesystem::exists(folder, problem)) {
    std::filesystem::create_directories(folder.parent_path().empty() ? folder : folder.parent_path(), problem);
    if (problem) return problem;
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return {errno, std::generic_category()};
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return {errno, std::generic_category()};
  struct stat status{};
  // One that somebody copied here with wider rights.
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0 &&
      status.st_uid == ::geteuid())
    ::fchmod(fd, 0600);
  ::close(fd);
  return {};
}

struct Sizes {
  std::int64_t count = 0, bytes = 0;
};
Sizes sizes(sqlite3* handle) {
  Statement sum(handle, "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM runs");
  sum.step();
  return {sum.number_at(0), sum.number_at(1)};
}

constexpr const char* kSummary = "seq, id, run_id, user, face, owner, state, began, ended, bytes, started, outcome";

HistoryRecord summary_at(const Statement& row, const std::string& path) {
  HistoryRecord record;
  record.id = row.bytes_at(1);
  record.run_id = row.bytes_at(2);
  record.user = row.bytes_at(3);
  record.face = row.bytes_at(4);
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

void set_up(const Database& database) {
  sqlite3* handle = database.handle();
  database.execute("PRAGMA auto_vacuum=INCREMENTAL");  // before there is a table, or never
  // Two that make the file at once: the one that comes second gets SQLITE_BUSY without a wait.
  for (int tries = 0;; ++tries) {
    const int code = sqlite3_exec(handle, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) break;
    if ((code & 0xff) != SQLITE_BUSY || tries == 50) database.fail_with(code);
    sqlite3_sleep(20);
  }
  database.execute("PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON");
  const auto version = [&] {
    Statement statement(handle, "PRAGMA user_version");
    statement.step();
    return statement.number_at(0);
  };
  if (version() == 0) {
    Transaction making(handle);
    if (version() == 0) {  // nobody was faster
      database.execute(kTables);
      database.execute(("PRAGMA user_version=" + std::to_string(kSchema)).c_str());
    }
    making.commit();
  }
  if (version() != kSchema)
    throw Failure{SQLITE_CANTOPEN, "a newer dind-executor wrote it: its form is " + std::to_string(version()) +
                                       ", and ours is " + std::to_string(kSchema)};
}

void prune_rows(sqlite3* handle, const PruneRequest& request) {
  if (request.older_than)
    Statement(handle, "DELETE FROM runs WHERE state <> 'running' AND began < ?")
        .number(now_ms() - request.older_than->count())
        .run();
  const auto before = sizes(handle);
  if (request.keep && before.count > static_cast<std::int64_t>(std::min<std::size_t>(*request.keep, INT64_MAX)))
    Statement(
        handle,
        "DELETE FROM runs WHERE state <> 'running' AND seq NOT IN (SELECT seq FROM runs ORDER BY seq DESC LIMIT ?)")
        .number(static_cast<std::int64_t>(*request.keep))
        .run();
  if (request.max_bytes && sizes(handle).bytes > *request.max_bytes)
    Statement(handle,
              "DELETE FROM runs WHERE state <> 'running' AND seq IN (SELECT seq FROM (SELECT seq, SUM(bytes) OVER "
              "(ORDER BY seq DESC) AS newer FROM runs) WHERE newer > ?)")
        .number(*request.max_bytes)
        .run();
}

}  // namespace

HistoryStore::HistoryStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
HistoryStore::~HistoryStore() = default;

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(const std::string& path, std::chrono::milliseconds patience) {
  if (const auto problem = make_file(path))
    return std::unexpected(Database::error(path, {SQLITE_CANTOPEN, problem.message()}));
  try {
    auto database = std::make_unique<Database>(path, patience);
    set_up(*database);
    std::unique_ptr<HistoryStore> store(new HistoryStore(std::move(database)));
    store->close_orphans();
    return store;
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
      // Of another boot or another machine: nobody can ask its process. A day past its time limit is long enough.
      HistoryStarted started;
      const auto limit =
          !running.is_null(3) && decode_started(running.bytes_at(3), started) ? started.limits.timeout.count() : kDayMs;
      if (owner_is_gone(running.bytes_at(1)) || running.number_at(2) + limit + kDayMs < now_ms())
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
              "INSERT INTO runs(id, run_id, user, face, owner, state, began, bytes, asked, program) "
              "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .text(record.id)
        .text(record.run_id)
        .text(record.user)
        .text(record.face)
        .text(record.owner)
        .text(name(record.state))
        .number(record.began)
        .number(static_cast<std::int64_t>(asked.size() + program.size() + 256))
        .blob(asked)
        .blob(program)
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
              "out_left = ?, err_head = ?, err_tail = ?, err_left = ? WHERE id = ?")
        .text(name(end.result ? HistoryState::finished : HistoryState::error))
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
      // A disk that is full, or fails, undoes the whole transaction by itself.
      if (sqlite3_get_autocommit(database_->handle()) != 0) return all;
    }
    writing.commit();
    all.written = true;
  } catch (const Failure& failure) {
    const int code = failure.code & 0xff;
    all.busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
    all.error = database_->error(failure);
  }
  return all;
}

Result<std::vector<HistoryRecord>> HistoryStore::list(std::size_t limit) {
  try {
    std::vector<HistoryRecord> records;
    Statement rows(database_->handle(),
                   (std::string("SELECT ") + kSummary + ", asked FROM runs ORDER BY seq DESC LIMIT ?").c_str());
    rows.number(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
    while (rows.step()) {
      records.push_back(summary_at(rows, database_->path()));
      read_asked(records.back(), rows.bytes_at(12));
    }
    return records;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

Result<HistoryRecord> HistoryStore::find(const std::string& id) {
  try {
    std::int64_t seq = 0;
    // The exact one, then that of the run's id, then those that begin so.
    for (const char* sql :
         {"SELECT seq FROM runs WHERE id = ?", "SELECT seq FROM runs WHERE run_id = ? ORDER BY seq DESC LIMIT 1"}) {
      if (seq != 0) break;
      Statement exact(database_->handle(), sql);
      exact.text(id);
      if (exact.step()) seq = exact.number_at(0);
    }
    if (seq == 0 && !id.empty()) {
      Statement beginning(
          database_->handle(),
          "SELECT seq FROM runs WHERE substr(id, 1, length(?1)) = ?1 OR substr(run_id, 1, length(?1)) = ?1 LIMIT 2");
      beginning.text(id);
      if (beginning.step()) seq = beginning.number_at(0);
      if (seq != 0 && beginning.step())
        return fail(ErrorCode::invalid_request, "More than one run begins with \"" + id + "\"; give more of the id");
    }
    if (seq == 0)
      return fail(ErrorCode::not_found,
                  "The history has no run \"" + id + "\"; `dind-executor history list` shows what it has");
    Statement row(database_->handle(), (std::string("SELECT ") + kSummary +
                                        ", asked, program, out_head, out_tail, out_left, err_head, err_tail, err_left "
                                        "FROM runs WHERE seq = ?")
                                           .c_str());
    row.number(seq);
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

Result<PruneReport> HistoryStore::prune(const PruneRequest& request) {
  try {
    sqlite3* handle = database_->handle();
    PruneReport report{.dry_run = request.dry_run};
    {
      Transaction pruning(handle);
      const auto before = sizes(handle);
      prune_rows(handle, request);
      const auto after = sizes(handle);
      report.removed = static_cast<std::size_t>(before.count - after.count);
      report.bytes = before.bytes - after.bytes;
      report.left = static_cast<std::size_t>(after.count);
      if (!request.dry_run && report.removed != 0) pruning.commit();
    }
    if (!request.dry_run && report.removed != 0) database_->execute("PRAGMA incremental_vacuum");
    if (!request.dry_run && request.for_good) database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return report;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

}  // namespace dind
