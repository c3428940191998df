// The history on a thread of its own: what is handed over is written behind the core's back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "services/history.hpp"

namespace dind {

class HistoryStore;

class HistoryWorker final : public History {
 public:
  // Opens nothing yet. `executor`: where those who ask are answered.
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
  Task<Result<HistoryCopy>> import_from(std::string file) override;
  Task<void> settle(Deadline deadline) override;

 private:
  struct Thread;
  void write(std::function<Result<void>(HistoryStore&)> work, std::optional<PruneRequest> then_prune = std::nullopt);
  template <typename T>
  Task<Result<T>> ask(T where_none_is, std::function<Result<T>(HistoryStore&)> work);
  template <typename T>
  Task<Result<T>> ask(std::optional<T> where_none_is, std::function<Result<T>(HistoryStore&)> work, Deadline deadline);

  asio::any_io_executor executor_;
  HistoryPolicy policy_;
  std::shared_ptr<Thread> thread_;
  std::set<std::string> left_out_;  // runs that are under way and are not written
  bool dropping_ = false;           // that was said
  bool told_late_ = false;          // that was said, too
};

}  // namespace dind
