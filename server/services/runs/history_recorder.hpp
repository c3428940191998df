// Writes one run into the history. No secret of the run is in its record.
#pragma once

#include <string>

#include "services/history/history.hpp"
#include "services/runs/run_observer.hpp"

namespace dind {

class HistoryRecorder final : public RunObserver {
 public:
  // `spec.run_id` must be set. `history` must outlive this object.
  HistoryRecorder(History& history, const RunSpec& spec);
  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes) override;
  void on_end(const Result<RunResult>& result) override;
  void on_exception(std::string_view what) override;

 private:
  History& history_;
  const SecretMask secrets_;
  std::string record_id_;
  OutputKeeper out_, err_;
};

}  // namespace dind
