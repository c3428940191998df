// Logs the steps of one run: asked, queued, prepared, started, ended. The limits in force (accepted) and the removals
// are logged where they happen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/runs/run_observer.hpp"
#include "support/log/log.hpp"

namespace dind {

class RunLogger final : public RunObserver {
 public:
  // `spec.run_id` must be set, and the run's secrets must be hidden in the log (LogMask) while this object lives. If
  // the frontend reports errors to people itself (cli, library, jsonrpc), the log has them as info.
  explicit RunLogger(const RunSpec& spec);
  void on_state(const StateChange& change) override;
  void on_output(Channel, std::string_view) override {}
  void on_end(const Result<RunResult>& result) override;
  void on_exception(std::string_view what) override;

 private:
  const std::string id_;
  const std::string frontend_;
  const std::string client_;
  bool waits_ = false;
  std::optional<Stage> stage_;
};

// "1 min · 512 MiB · 1 CPU · 256 processes · network none"
std::string limits_text(const Limits& limits, Network network);

// "accepted: image a or b, 1 min · …": the images and limits of a run. `images`: in order of preference; empty: the
// image is built.
std::string accepted_text(const std::vector<std::string>& images, const Limits& limits, Network network);

}  // namespace dind
