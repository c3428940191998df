// A run service that hands its run to a server of ours: what waits there is at hand for a terminal, too.
#pragma once

#include <memory>
#include <string>

#include "services/run_service.hpp"

namespace dind::faces::handover {

class HandedOverRuns final : public RunService {
 public:
  // Owns the connection `fd` (connect_to). It is for one run.
  HandedOverRuns(asio::any_io_executor executor, int fd) : executor_(std::move(executor)), fd_(fd) {}
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override;
  // The server cleans up.
  Task<bool> idle(Deadline) override { co_return true; }

 private:
  asio::any_io_executor executor_;
  int fd_;
};

}  // namespace dind::faces::handover
