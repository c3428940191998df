// Hands a run over to a running server, so that a run in a terminal can use the server's warm sandboxes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/runs/run_service.hpp"

namespace dind::frontends::handover {

class HandoverClient final : public RunService {
 public:
  // `path`: the server's socket (socket_path). `own` returns the run service in this process. It runs the program if no
  // server answers at once, or if a server that ends gives the run back before it has begun.
  HandoverClient(asio::any_io_executor executor, std::string path, std::function<Result<RunService*>()> own)
      : executor_(std::move(executor)), path_(std::move(path)), own_(std::move(own)) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  // A server removes its containers itself.
  Task<bool> wait_all_removed(Deadline deadline) override;
  Task<bool> wait_all_removed_but_auto(Deadline deadline) override;

 private:
  Task<Result<RunResult>> run_here(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel);

  asio::any_io_executor executor_;
  std::string path_;
  std::function<Result<RunService*>()> own_;
  RunService* running_ = nullptr;  // null while no run is in this process
};

}  // namespace dind::frontends::handover
