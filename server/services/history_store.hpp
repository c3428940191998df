// The history's file: SQLite, shared by any number of processes. Every call blocks: for the history's own thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/history.hpp"

namespace dind {

namespace sqlite {
class Database;
}

class HistoryStore {
 public:
  // Opens the file, makes it (0600, its folder 0700) where there is none, and closes the rows of processes that are
  // gone as interrupted. Errors: internal; one line that names the file and says what to do.
  static Result<std::unique_ptr<HistoryStore>> open(const std::string& path);
  ~HistoryStore();
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  Result<void> insert(const HistoryRecord& record);
  Result<void> start(const std::string& id, const HistoryStarted& started);
  Result<void> end(const std::string& id, const HistoryEnd& end);

  // What `work` writes is there as a whole, though one of its parts failed; its error is passed on.
  Result<void> together(const std::function<Result<void>()>& work);

  Result<std::vector<HistoryRecord>> list(std::size_t limit);
  Result<HistoryRecord> find(const std::string& id);
  Result<PruneReport> prune(const PruneRequest& request);

 private:
  explicit HistoryStore(std::unique_ptr<sqlite::Database> database);
  void close_orphans();

  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace dind
