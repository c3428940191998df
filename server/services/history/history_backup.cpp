// Copies of the history's file while other processes use it: `HistoryStore::export_to` and `import_from` (K03). Also
// runs that could not be written at their end: a separate file keeps them until the history can be written (R08).
//
// The file must not be copied by hand. The newest data is in the -wal file next to it, and SQLite would apply an old
// -wal file to a file that replaces it. SQLite's backup API and one transaction avoid both problems.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <expected>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "services/history/history_migration.hpp"
#include "services/history/history_store.hpp"
#include "services/history/sqlite.hpp"
#include "support/ids.hpp"
#include "support/io/private_files.hpp"
#include "support/wrong.hpp"

namespace dind {

using sqlite::Database;
using sqlite::Failure;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

namespace fs = std::filesystem;

constexpr const char* kLate = ".late-";
constexpr std::chrono::milliseconds kLatePatience{100};  // the caller that opens the history waits meanwhile
constexpr const char* kPartName = ".part-";
constexpr std::size_t kPartBytes = 4;  // in the random part of its name
constexpr std::chrono::hours kPartAge{24};
constexpr int kMaxLinks = 40;
constexpr std::array kSuffixes{"", "-wal", "-shm", "-journal"};
constexpr const char* kRemedy = ": give a file that `dind-executor history export FILE` wrote";

// A temporary file next to `path`. The destructor removes it, unless it was renamed.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : path_(path + kPartName + random_id(kPartBytes)) {}
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() {
    for (const char* suffix : kSuffixes) ::unlink((path_ + suffix).c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool is_part(std::string_view name, const std::string& begin) {
  constexpr auto kDigits = 2 * kPartBytes;
  if (!name.starts_with(begin) || name.size() < begin.size() + kDigits) return false;
  const auto id = name.substr(begin.size(), kDigits);
  const auto suffix = name.substr(begin.size() + kDigits);
  return id.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         std::ranges::any_of(kSuffixes, [&](const char* each) { return suffix == each; });
}

// Removes old temporary files of processes that ended, or were killed, while they wrote one.
void remove_old_parts(const fs::path& path) {
  const std::string begin = path.filename().string() + kPartName;
  std::error_code problem;
  for (fs::directory_iterator each(path.parent_path(), problem); !problem && each != fs::directory_iterator();
       each.increment(problem)) {
    std::error_code gone;
    if (!is_part(each->path().filename().string(), begin) || !fs::is_regular_file(each->symlink_status(gone))) continue;
    const auto written = each->last_write_time(gone);
    if (!gone && written < fs::file_time_type::clock::now() - kPartAge) ::unlink(each->path().c_str());
  }
}

// Returns 0, or errno.
int make_file(const std::string& path) {
  const int fd = open_private(path, O_WRONLY | O_EXCL | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

int sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int seen = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return seen;
}

std::size_t count_runs(const Database& database) {
  Statement count(database.handle(), "SELECT COUNT(*) FROM runs");
  count.step();
  return static_cast<std::size_t>(count.number_at(0));
}

void check_whole(const Database& database) {
  Statement check(database.handle(), "PRAGMA quick_check(1)");
  check.step();
  auto said = check.bytes_at(0);
  if (said == "ok") return;
  std::ranges::replace(said, '\n', ' ');  // "*** in database main ***" has a line of its own
  throw Failure{SQLITE_CORRUPT, said};
}

// The file that a copy at `file` replaces: a link stays, and what it leads to is replaced. A device, a fifo or a
// socket never is. Errors: why not.
std::expected<std::string, std::string> replaceable(const std::string& file) {
  struct stat named{}, found{};
  const bool there = ::stat(file.c_str(), &named) == 0;
  if (!there && errno != ENOENT) return std::unexpected(std::generic_category().message(errno));
  if (there && S_ISDIR(named.st_mode)) return std::unexpected("it is a folder");
  if (there && !S_ISREG(named.st_mode)) return std::unexpected("it is not a regular file");
  fs::path path(file);
  std::error_code problem;
  for (int links = 0; links < kMaxLinks && fs::is_symlink(path, problem); ++links)
    path = path.parent_path() / fs::read_symlink(path, problem);  // an absolute one stands for itself
  // Links of /proc/self/fd have names that are no paths.
  if (there && (::stat(path.c_str(), &found) != 0 || found.st_dev != named.st_dev || found.st_ino != named.st_ino))
    return std::unexpected("it is a link to a file that has no name");
  return path.string();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

void copy_pages(const Database& from, const Database& to) {
  sqlite3_backup* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copy == nullptr) to.fail_with(sqlite3_errcode(to.handle()));
  const int stepped = sqlite3_backup_step(copy, -1);
  const int ended = sqlite3_backup_finish(copy);
  if (stepped != SQLITE_DONE) throw Failure{stepped, sqlite3_errstr(stepped)};
  if (ended != SQLITE_OK) throw Failure{ended, sqlite3_errstr(ended)};
}

std::string columns_but(const Database& database, const char* left_out, const char* schema = "main") {
  std::string names;
  Statement columns(database.handle(), "SELECT name FROM pragma_table_info('runs', ?)");
  columns.text(schema);
  while (columns.step())
    if (const auto name = columns.bytes_at(0); name != left_out) names += (names.empty() ? "" : ", ") + name;
  return names;
}

// Replaces the runs of `main` by those of `backup`, in one transaction. Active runs stay, as the newest.
void replace_runs(const Database& database) {
  const auto all = columns_but(database, "", "backup");  // an older copy has no column for the client
  const auto without_seq = columns_but(database, "seq");
  Transaction replacing(database.handle());
  database.execute("CREATE TEMP TABLE under_way AS SELECT * FROM main.runs WHERE state = 'running' ORDER BY seq");
  database.execute("DELETE FROM main.runs");
  database.execute(("INSERT INTO main.runs(" + all + ") SELECT " + all +
                    " FROM backup.runs WHERE id NOT IN (SELECT id FROM temp.under_way) ORDER BY seq")
                       .c_str());
  // A run that was active when the copy was made is no longer active.
  database.execute("UPDATE main.runs SET state = 'interrupted' WHERE state = 'running'");
  database.execute(
      ("INSERT INTO main.runs(" + without_seq + ") SELECT " + without_seq + " FROM temp.under_way").c_str());
  database.execute("DROP TABLE temp.under_way");
  replacing.commit();
}

// Attaches a history's file as the schema `backup`, for the lifetime of this object.
class Attached {
 public:
  Attached(const Database& database, const std::string& path) : handle_(database.handle()) {
    Statement(handle_, "ATTACH ? AS backup").text(path).run();
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { sqlite3_exec(handle_, "DETACH backup", nullptr, nullptr, nullptr); }

 private:
  sqlite3* handle_;
};

// Adds the runs of `backup` that `main` does not have, or whose end it does not know. True: `main` has all of them now.
bool add_late_runs(const Database& database) {
  Statement form(database.handle(), "PRAGMA backup.user_version");
  form.step();
  if (form.number_at(0) != history_form(database.handle())) return false;
  const auto columns = columns_but(database, "seq", "backup");
  Transaction adding(database.handle());
  database.execute(
      "DELETE FROM main.runs WHERE state IN ('running', 'interrupted') AND id IN (SELECT id FROM backup.runs)");
  database.execute(
      ("INSERT OR IGNORE INTO main.runs(" + columns + ") SELECT " + columns + " FROM backup.runs ORDER BY seq")
          .c_str());
  adding.commit();
  return true;
}

Result<void> copy_file(const std::string& from, const std::string& to, const std::string& shown) {
  std::error_code problem;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, problem);
  if (problem == std::errc::no_space_on_device || problem == std::errc::file_too_large)
    return wrong("The file " + shown + " can't be copied to " + to + " (" + problem.message() +
                 "): free some space on that disk, or raise the limit on the size of files (ulimit -f)");
  if (problem)
    return wrong("The file " + shown + " can't be read (" + problem.message() + "): check its path and mode");
  ::chmod(to.c_str(), 0600);
  return {};
}

}  // namespace

Result<HistoryCopy> HistoryStore::export_to(const std::string& file) {
  const auto unwritable = [&](const std::string& why) {
    return wrong("The history can't be written to " + file + " (" + why +
                 "): name a file in a folder that you may write");
  };
  const auto target = replaceable(file);
  if (!target) return unwritable(target.error());
  std::error_code problem;
  if (fs::equivalent(*target, database_->path(), problem)) return unwritable("it is the history itself");
  const PartFile part(*target);
  if (const int error = make_file(part.path()); error != 0) return unwritable(std::generic_category().message(error));
  HistoryCopy copied;
  try {
    const Database copy(part.path(), std::chrono::seconds(5));
    try {
      copy_pages(*database_, copy);
    } catch (const Failure& failure) {
      const int code = failure.code & 0xff;
      if (code == SQLITE_FULL || code == SQLITE_IOERR) return unwritable(failure.what);
      return std::unexpected(database_->error(failure));
    }
    copy.execute("PRAGMA journal_mode=DELETE");  // one file that can be moved and read anywhere
    check_whole(copy);
    copied.runs = count_runs(copy);
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
  if (const int error = sync_file(part.path()); error != 0) return unwritable(std::generic_category().message(error));
  if (::rename(part.path().c_str(), target->c_str()) != 0) return unwritable(std::generic_category().message(errno));
  return copied;
}

Result<HistoryCopy> HistoryStore::import_from(const std::string& file, const std::string& shown) {
  const std::string& name = shown.empty() ? file : shown;
  std::error_code problem;
  if (!fs::exists(file, problem)) return wrong("There is no file " + name + kRemedy);
  if (fs::is_directory(file, problem)) return wrong(name + " is a folder" + kRemedy);
  if (!fs::is_regular_file(file, problem)) return wrong(name + " is not a regular file" + kRemedy);
  if (fs::equivalent(file, database_->path(), problem)) return wrong(name + " is the history itself" + kRemedy);
  // SQLite writes files next to a file that it reads. Read a copy, so that the person's own file does not change.
  const PartFile part(database_->path());
  if (auto copied = copy_file(file, part.path(), name); !copied) return std::unexpected(copied.error());
  if (const auto log = file + "-wal"; fs::exists(log, problem))
    if (auto copied = copy_file(log, part.path() + "-wal", log); !copied) return std::unexpected(copied.error());
  try {
    const Database look(part.path(), std::chrono::seconds(5));
    check_whole(look);
    const auto form = history_form(look.handle());
    if (form == 0) throw Failure{SQLITE_NOTADB, "it has no runs"};
    if (form > kHistoryForm)
      return wrong(name + " can't be used: a newer dind-executor wrote it (its form is " + std::to_string(form) +
                   ", and this version reads forms up to " + std::to_string(kHistoryForm) +
                   "): import it with that version");
    count_runs(look);
  } catch (const Failure& failure) {
    return wrong(name + " is not a history of dind-executor (" + failure.what + ')' + kRemedy);
  }
  // `open` updates the form of an older copy. It returns an error if the form is newer than the one of this program.
  if (auto current = open(part.path()); !current)
    return wrong(name + " can't be used: " + replaced(current.error().message, part.path(), name));
  try {
    HistoryCopy copied{.runs = 0, .replaced = count_runs(*database_)};
    {
      const Attached attached(*database_, part.path());
      replace_runs(*database_);
      Statement count(database_->handle(), "SELECT COUNT(*) FROM backup.runs");
      count.step();
      copied.runs = static_cast<std::size_t>(count.number_at(0));
    }
    return copied;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

Result<std::string> HistoryStore::write_aside(const std::string& path, const std::vector<Work>& runs) {
  const PartFile part(path);
  try {
    const auto store = open(part.path());
    if (!store) return std::unexpected(store.error());
    if (auto all = (*store)->together(runs); !all.written)
      return std::unexpected(all.error.value_or(wrong(part.path() + " can't be written").error()));
    (*store)->database_->execute("PRAGMA journal_mode=DELETE");  // one file
  } catch (const Failure& failure) {
    return std::unexpected(Database::error(part.path(), failure));
  } catch (const std::exception& e) {
    return wrong(part.path() + " can't be written (" + e.what() + ')');
  }
  std::string late = path + kLate + random_id(4);
  if (::rename(part.path().c_str(), late.c_str()) != 0)
    return wrong(late + " can't be written (" + std::generic_category().message(errno) + ')');
  return late;
}

void HistoryStore::take_in_late() {
  const fs::path path(database_->path());
  const std::string begin = path.filename().string() + kLate;
  remove_old_parts(path);
  const sqlite::ShortPatience patience(*database_, kLatePatience);
  std::error_code problem;
  for (fs::directory_iterator each(path.parent_path(), problem); !problem && each != fs::directory_iterator();
       each.increment(problem)) {
    if (!each->path().filename().string().starts_with(begin)) continue;
    const std::string file = each->path().string();
    try {
      migrate_history(Database(file, kLatePatience).handle());
      const Attached late(*database_, file);
      if (!add_late_runs(*database_)) continue;
    } catch (const Failure& failure) {
      // Another process adds them now, or the history still can't be written. The next process tries again.
      if (sqlite::is_busy(failure.code) || sqlite::is_full(failure.code)) return;
      continue;  // only this file is skipped
    }
    ::unlink(file.c_str());
  }
}

Result<void> HistoryStore::checkpoint() {
  try {
    database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return {};
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

}  // namespace dind
