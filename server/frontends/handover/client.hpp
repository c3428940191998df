// A run service that hands its run to a server of ours: what waits there is at hand for a terminal, too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/run_service.hpp"

namespace dind::frontends::handover {

class HandoverClient final : public RunService {
 public:
  // `path`: where the server is (socket_path). Where none answers at once, and where the server ends before the
  // program has begun, the run is `own`'s.
  HandoverClient(asio::any_io_executor executor, std::string path, std::function<Result<RunService*>()> own)
      : executor_(std::move(executor)), path_(std::move(path)), own_(std::move(own)) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  // A server cleans up by itself.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

 private:
  Task<Result<RunResult>> run_here(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel);

  asio::any_io_executor executor_;
  std::string path_;
  std::function<Result<RunService*>()> own_;
  RunService* running_ = nullptr;  // where the run is not the server's
};

}  // namespace dind::frontends::handover
