// The total timeout of a run. `cancel()` follows the caller's cancel. It also fires, with the reason deadline, when
// RunSpec::total_timeout has passed.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

class TotalTimeout {
 public:
  TotalTimeout(const asio::any_io_executor& executor, const Cancel& caller,
               std::optional<std::chrono::milliseconds> limit);
  TotalTimeout(const TotalTimeout&) = delete;
  TotalTimeout& operator=(const TotalTimeout&) = delete;
  ~TotalTimeout();

  const Cancel& cancel() const { return inner_; }
  // Starts the time again from zero.
  void begin();
  // The caller's result. A run that ended because the total timeout passed has the verdict timeout, in any stage.
  // `pulled`: a pull of its image had begun.
  Result<RunResult> apply_to(Result<RunResult> result, const std::string& run_id, Stage stage, bool pulled) const;

 private:
  std::string note(Stage stage, bool pulled) const;  // the text of a note

  Cancel caller_;
  Cancel inner_;
  std::optional<std::chrono::milliseconds> limit_;
  Cancel::Subscription heard_;
  asio::steady_timer timer_;
};

}  // namespace dind
