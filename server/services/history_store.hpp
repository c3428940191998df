// The history's file: SQLite, shared by any number of processes. Every call blocks: for the history's own thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/history.hpp"

namespace dind {

namespace sqlite {
class Database;
}

inline constexpr int kHistoryForm = 1;  // PRAGMA user_version of the files that this program writes

class HistoryStore {
 public:
  // Opens the file, makes it (0600, its folder 0700) where there is none, and closes the rows of processes that are
  // gone as interrupted. Errors: internal; one line that names the file and says what to do.
  // `patience`: how long another process's writing is waited for.
  static Result<std::unique_ptr<HistoryStore>> open(const std::string& path,
                                                    std::chrono::milliseconds patience = std::chrono::seconds(5));
  ~HistoryStore();
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  // Each does nothing where it was done before: a run may be here from a file of `write_aside` already.
  Result<void> insert(const HistoryRecord& record);
  Result<void> start(const std::string& id, const HistoryStarted& started);
  Result<void> end(const std::string& id, const HistoryEnd& end);

  using Work = std::function<Result<void>(HistoryStore&)>;
  struct Together {
    bool written = false;        // else nothing of it is there
    bool busy = false;           // for another process was writing all the while: to be tried again
    std::optional<Error> error;  // also of a part of what was written
  };
  Together together(const std::vector<Work>& parts);

  Result<std::vector<HistoryRecord>> list(std::size_t limit, const std::optional<std::string>& client = {});
  Result<HistoryRecord> find(const std::string& id, const std::optional<std::string>& client = {});
  Result<PruneReport> prune(const PruneRequest& request);

  // In history_backup.cpp. Others may use the history meanwhile.
  Result<HistoryCopy> export_to(const std::string& file);
  Result<HistoryCopy> import_from(const std::string& file, const std::string& shown = {});  // {}: as `file`
  // Writes runs that another process keeps from being written into a history of their own beside `path`; its name.
  // Whoever opens the history of `path` next takes it in.
  static Result<std::string> write_aside(const std::string& path, const std::vector<Work>& runs);
  // What is in the -wal file goes into the history's file.
  Result<void> checkpoint();

 private:
  explicit HistoryStore(std::unique_ptr<sqlite::Database> database);
  void close_orphans();
  void take_in_late();
  // The row that `find` means.
  Result<std::int64_t> row_of(const std::string& id, const std::optional<std::string>& client);

  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace dind
