// Thin wrappers of SQLite: an open file, a statement, a transaction. They throw a `Failure` if something goes wrong,
// and the caller turns it into an Error. Private to the history's store.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "support/io/descriptors.hpp"
#include "support/io/file_size_limit.hpp"

namespace dind::sqlite {

struct Failure {
  int code;
  std::string what;
  std::string remedy = {};  // empty: the remedy for the code
};

// Not a code of SQLite: a newer version of this program wrote the file.
inline constexpr int kNewerForm = SQLITE_CANTOPEN | (0x7f << 8);

// The index of the write-ahead log (PATH-shm) can't be created or mapped.
inline bool is_shared_memory_fault(int code) {
  return code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMMAP || code == SQLITE_IOERR_SHMOPEN;
}

inline bool is_busy(int code) { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }
inline bool is_full(int code) { return (code & 0xff) == SQLITE_FULL; }

enum class Use {
  write,
  read,
  read_unchanging,  // no process writes to it, and it has no write-ahead log
};

class Database {
 public:
  Database(std::string path, std::chrono::milliseconds patience, Use use = Use::write)
      : path_(std::move(path)), patience_(patience) {
    const std::string name = use == Use::read_unchanging ? uri_of(path_) + "?immutable=1" : path_;
    const int flags = use == Use::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    const int code = sqlite3_open_v2(
        name.c_str(), &handle_,
        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | (use == Use::read_unchanging ? SQLITE_OPEN_URI : 0),
        nullptr);
    if (code != SQLITE_OK) {
      Failure failure{code, handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code)};
      sqlite3_close(handle_);
      throw failure;
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    // Closing must not move the log into the file: a run's end does not wait for the disk. A later writer moves it.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_close_v2(handle_);
  }

  const std::string& path() const { return path_; }
  std::chrono::milliseconds patience() const { return patience_; }
  sqlite3* handle() const { return handle_; }

  void execute(const char* sql) const {
    if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail_with(code);
  }
  [[noreturn]] void fail_with(int code) const { throw Failure{code, sqlite3_errmsg(handle_)}; }

  Error error(const Failure& failure) const { return error(path_, failure); }
  static Error error(const std::string& path, const Failure& failure) {
    std::string remedy = "check its permissions and the space on its disk, or name another file (history.path)";
    const int code = failure.code & 0xff;
    if (code == SQLITE_FULL || is_shared_memory_fault(failure.code))
      remedy = "free some space on its disk, or remove " + path + ", " + path + "-wal and " + path + "-shm";
    if (code == SQLITE_READONLY) remedy = "it can be read and not written; name another file (history.path)";
    if (failure.code == kNewerForm) remedy = "use that version, or name another file (history.path)";
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_ERROR || code == SQLITE_MISMATCH)
      remedy = "move it away; a new one is created";
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) remedy = "another process holds it; try again";
    if (const auto limit = file_size_limit(); limit && (code == SQLITE_FULL || code == SQLITE_IOERR))
      remedy = "a file of this process may have " + std::to_string(*limit) +
               " bytes at most; raise that limit (ulimit -f), or switch the history off (history.enabled)";
    constexpr int kOfDatabase = 6;  // the file, its WAL, its index and journal, their folder, /dev/urandom
    if (code == SQLITE_CANTOPEN && failure.code != kNewerForm && lacks_descriptors(kOfDatabase))
      remedy = descriptor_shortage();
    if (!failure.remedy.empty()) remedy = failure.remedy;
    return {ErrorCode::internal, "The history " + path + " can't be used (" + failure.what + "): " + remedy};
  }

 private:
  static std::string uri_of(std::string_view path) {
    std::string uri = "file:";
    for (const char c : path) {
      if (c == '%') uri += "%25";
      if (c == '?') uri += "%3f";
      if (c == '#') uri += "%23";
      if (c != '%' && c != '?' && c != '#') uri += c;
    }
    return uri;
  }

  std::string path_;
  std::chrono::milliseconds patience_;
  sqlite3* handle_ = nullptr;
};

// Shortens the wait for other processes, for the lifetime of this object. It never makes the database's wait longer.
class ShortPatience {
 public:
  ShortPatience(const Database& database, std::chrono::milliseconds patience) : database_(database) {
    set(std::min(patience, database.patience()));
  }
  ShortPatience(const ShortPatience&) = delete;
  ShortPatience& operator=(const ShortPatience&) = delete;
  ~ShortPatience() { set(database_.patience()); }

 private:
  void set(std::chrono::milliseconds patience) const {
    sqlite3_busy_timeout(database_.handle(), static_cast<int>(patience.count()));
  }
  const Database& database_;
};

class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) : handle_(handle) {
    check(sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr));
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& text(std::string_view value) {
    check(sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
  }
  Statement& blob(std::string_view value) {
    check(sqlite3_bind_blob64(statement_, ++bound_, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT));
    return *this;
  }
  Statement& number(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value));
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW;
  }
  void run() {
    while (step()) {
    }
  }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t number_at(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string bytes_at(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string()
                           : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) throw Failure{code, sqlite3_errmsg(handle_)};
  }
  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// The destructor rolls back, unless `commit` was called.
class Transaction {
 public:
  explicit Transaction(sqlite3* handle) : handle_(handle) { Statement(handle, "BEGIN IMMEDIATE").run(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!done_) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  void commit() {
    Statement(handle_, "COMMIT").run();
    done_ = true;
  }

 private:
  sqlite3* handle_;
  bool done_ = false;
};

}  // namespace dind::sqlite
