// The history on a separate thread, which writes in the background: the core does not wait for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/history/history.hpp"

namespace dind {

class HistoryStore;

class HistoryWorker final : public History {
 public:
  // Does not open the file yet. `executor`: where callers get their answers.
  HistoryWorker(asio::any_io_executor executor, HistoryPolicy policy);
  ~HistoryWorker() override;  // doesn't wait for a disk that hangs
  HistoryWorker(const HistoryWorker&) = delete;
  HistoryWorker& operator=(const HistoryWorker&) = delete;

  void began(HistoryRecord record) override;
  void started(std::string id, HistoryStarted started) override;
  void ended(std::string id, HistoryEnd end) override;
  Task<bool> written(Deadline deadline) override;
  Task<Result<std::vector<HistoryRecord>>> list(std::size_t limit, std::optional<std::string> client = {}) override;
  Task<Result<HistoryRecord>> find(std::string id, std::optional<std::string> client = {}) override;
  Task<Result<PruneReport>> prune(PruneRequest request) override;
  Task<Result<HistoryCopy>> export_to(std::string file) override;
  Task<Result<HistoryCopy>> import_from(std::string file, std::string shown) override;
  Task<void> settle(Deadline deadline) override;

 private:
  struct Thread;
  using Work = std::function<Result<void>(HistoryStore&)>;
  // All works of a run, until they are written.
  struct Unwritten {
    std::string id;
    std::vector<Work> works;
    std::uint64_t last = 0;  // the number of the last work (see `handed_over_`)
    bool ended = false;
  };
  void write(Work work, std::optional<PruneRequest> then_prune = std::nullopt);
  void write_of(const std::string& id, Work work, bool ended);
  void forget_written();
  Task<void> put_aside();
  template <typename T>
  Task<Result<T>> ask(T where_none_is, std::function<Result<T>(HistoryStore&)> work);
  template <typename T>
  Task<Result<T>> ask(std::optional<T> where_none_is, std::function<Result<T>(HistoryStore&)> work, Deadline deadline);

  asio::any_io_executor executor_;
  HistoryPolicy policy_;
  std::shared_ptr<Thread> thread_;
  std::vector<Unwritten> unwritten_;  // in the order in which they began
  std::uint64_t handed_over_ = 0;     // number of works so far
  std::set<std::string> left_out_;    // active runs that are not written
  bool dropping_ = false;             // the log has a warning about it
  bool told_late_ = false;            // the log has the warning of `put_aside`
};

}  // namespace dind
