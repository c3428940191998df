#include "services/runs/total_timeout.hpp"

#include "support/units.hpp"

namespace dind {
namespace {

const char* activity(Stage stage, bool pulled) {
  switch (stage) {
    case Stage::queue:
      return "the run waited for its turn";
    case Stage::image:
      return pulled ? "its image was pulled, which goes faster the next time" : "its image was looked for";
    case Stage::dependencies:
      return "its packages were installed";
    case Stage::build:
      return "its image was built, of which the finished steps are kept";
    case Stage::container:
      return "its sandbox was made";
    case Stage::program:
      return "its program ran";
  }
  return "it ran";
}

}  // namespace

TotalTimeout::TotalTimeout(const asio::any_io_executor& executor, const Cancel& caller,
                           std::optional<std::chrono::milliseconds> limit)
    : caller_(caller), limit_(limit), timer_(executor) {
  heard_ = relay(caller_, inner_);
  begin();
}

void TotalTimeout::begin() {
  if (!limit_) return;
  timer_.expires_after(*limit_);
  timer_.async_wait([inner = inner_](const boost::system::error_code& aborted) mutable {
    if (!aborted) inner.cancel(CancelReason::deadline);
  });
}

TotalTimeout::~TotalTimeout() { timer_.cancel(); }

std::string TotalTimeout::note(Stage stage, bool pulled) const {
  return "the total timeout of " + format_duration(*limit_) + " passed while " + activity(stage, pulled);
}

Result<RunResult> TotalTimeout::apply_to(Result<RunResult> result, const std::string& run_id, Stage stage,
                                         bool pulled) const {
  if (caller_.cancelled() || inner_.reason() != CancelReason::deadline) return result;
  if (!result) {
    if (result.error().code != ErrorCode::cancelled) return result;
    RunResult over;
    over.run_id = run_id;
    over.verdict = Verdict::timeout;
    over.stage = stage;
    over.notes.push_back(note(stage, pulled));
    return over;
  }
  if (result->verdict != Verdict::cancelled) return result;
  result->verdict = Verdict::timeout;
  result->cancel_reason.reset();
  result->notes.push_back(note(result->stage, pulled));
  return result;
}

}  // namespace dind
