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
  Task<Result<std::vector<HistoryRecord>>> list(std::size_t limit) override;
  Task<Result<HistoryRecord>> find(std::string id) override;
  Task<Result<PruneReport>> prune(PruneRequest request) override;

 private:
  struct Thread;
  void write(std::function<Result<void>(HistoryStore&)> work, std::optional<PruneRequest> then_prune = std::nullopt);
  template <typename T>
  Task<Result<T>> ask(T where_none_is, std::function<Result<T>(HistoryStore&)> work);

  asio::any_io_executor executor_;
  HistoryPolicy policy_;
  std::shared_ptr<Thread> thread_;
  std::set<std::string> left_out_;  // runs that are under way and are not written
  bool dropping_ = false;           // that was said
};

}  // namespace dind
