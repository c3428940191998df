#include "services/builds/build_upload.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "support/async/until.hpp"

namespace dind {

Task<void> BuildUpload::collect(std::shared_ptr<BuildUpload> upload, BlockingWork& work, ContextRequest request,
                                Cancel cancel) {
  Result<CollectedContext> outcome =
      fail(ErrorCode::cancelled, "The run was cancelled while its build's context was collected");
  try {
    auto done = co_await work.run<Result<CollectedContext>>(
        [request = std::move(request), context = upload->context_](const std::stop_token& stop) {
          return collect_context(request, context, stop);
        },
        cancel);
    if (done) outcome = std::move(*done);
  } catch (const std::exception& escaped) {  // no memory, no thread
    outcome = fail(ErrorCode::internal, std::string("A build's context could not be collected: ") + escaped.what());
  }
  upload->outcome_ = std::move(outcome);
  upload->end_if_due();
  upload->changed_.notify();
  if (!*upload->outcome_) cancel.cancel(CancelReason::shutdown);
}

void BuildUpload::allow_steps() {
  may_begin_ = true;
  end_if_due();
}

Task<Result<CollectedContext>> BuildUpload::collected() {
  co_await until(changed_, [&] { return outcome_.has_value(); });
  co_return *outcome_;
}

std::optional<Error> BuildUpload::failure() const {
  if (!outcome_ || *outcome_ || outcome_->error().code == ErrorCode::cancelled) return std::nullopt;
  return outcome_->error();
}

void BuildUpload::end_if_due() {
  if (may_begin_ && outcome_ && *outcome_) context_.tar->end((*outcome_)->bytes);
}

}  // namespace dind
