// The time of a whole call: a cancel of its own that follows the caller's, and fires when RunSpec::total_timeout is
// over.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

class TotalTimeout {
 public:
  TotalTimeout(const asio::any_io_executor& executor, const Cancel& caller,
               std::optional<std::chrono::milliseconds> most);
  TotalTimeout(const TotalTimeout&) = delete;
  TotalTimeout& operator=(const TotalTimeout&) = delete;
  ~TotalTimeout();

  const Cancel& cancel() const { return inner_; }
  // Its time begins anew.
  void begin();
  // What the caller hears: a run that ended because its time was over is a timeout, wherever it was. `pulled`: a pull
  // of its image had begun.
  Result<RunResult> judged(Result<RunResult> result, const std::string& run_id, Stage stage, bool pulled) const;

 private:
  std::string whose_time(Stage stage, bool pulled) const;  // a note

  Cancel caller_;
  Cancel inner_;
  std::optional<std::chrono::milliseconds> most_;
  Cancel::Subscription heard_;
  asio::steady_timer timer_;
};

}  // namespace dind
