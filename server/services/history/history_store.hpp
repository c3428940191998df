// The history's SQLite file, shared by any number of processes. Every call blocks: use it only on threads of the
// history.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/history/history.hpp"

namespace dind {

namespace sqlite {
class Database;
}

class HistoryStore {
 public:
  // Opens the file, and creates it (0600, its folder 0700) if it does not exist. Marks the runs of processes that no
  // longer exist as interrupted. Errors: internal; one line that names the file and says what to do.
  // `patience`: max wait for another process that writes.
  static Result<std::unique_ptr<HistoryStore>> open(const std::string& path,
                                                    std::chrono::milliseconds patience = std::chrono::seconds(5));
  ~HistoryStore();
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  // Each changes nothing if it was done before, because a run may already be here from a file of `write_aside`.
  Result<void> insert(const HistoryRecord& record);
  Result<void> start(const std::string& id, const HistoryStarted& started);
  Result<void> end(const std::string& id, const HistoryEnd& end);

  using Work = std::function<Result<void>(HistoryStore&)>;
  struct Together {
    bool written = false;        // false: nothing of it is in the file
    bool busy = false;           // because another process wrote all the time: try again
    std::optional<Error> error;  // may also be of one part, if the rest was written
  };
  Together together(const std::vector<Work>& parts);

  Result<std::vector<HistoryRecord>> list(std::size_t limit, const std::optional<std::string>& client = {});
  Result<HistoryRecord> find(const std::string& id, const std::optional<std::string>& client = {});
  Result<PruneReport> prune(const PruneRequest& request);

  // Defined in history_backup.cpp. Other processes may use the history meanwhile.
  Result<HistoryCopy> export_to(const std::string& file);
  Result<HistoryCopy> import_from(const std::string& file, const std::string& shown = {});  // {}: as `file`
  // Writes runs into a separate history next to `path`, if the history at `path` can't be written now. Returns its
  // name. The next process that opens the history at `path` adds these runs to it.
  static Result<std::string> write_aside(const std::string& path, const std::vector<Work>& runs);
  // Moves the content of the -wal file into the history's file.
  Result<void> checkpoint();

 private:
  explicit HistoryStore(std::unique_ptr<sqlite::Database> database);
  void close_orphans();
  void take_in_late();
  // The row that `find` returns.
  Result<std::int64_t> row_of(const std::string& id, const std::optional<std::string>& client);

  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace dind
