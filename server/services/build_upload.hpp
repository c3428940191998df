// A build's context on its way to the engine: sent while it is collected.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "sandbox/build_context.hpp"
#include "support/blocking_work.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// A builder begins no step before it has the whole of a context. So the end is held back until what the steps need is
// there too, and a context that can't be collected never has one.
class BuildUpload {
 public:
  BuildUpload(const asio::any_io_executor& executor, sandbox::BuildContext context)
      : changed_(executor), context_(std::move(context)) {}

  // Collects on a thread of its own, until `cancel`; a failure cancels it.
  static Task<void> collect(std::shared_ptr<BuildUpload> upload, BlockingWork& work, sandbox::ContextRequest request,
                            Cancel cancel);
  const sandbox::BuildContext& context() const { return context_; }
  // The steps may begin, as far as the caller is concerned.
  void allow_steps();
  // Until it is collected, or won't be: what it came to, or why.
  Task<Result<sandbox::CollectedContext>> collected();
  // Why it never will be; a cancel is no failure.
  std::optional<Error> failure() const;

 private:
  void end_if_due();

  Signal changed_;
  sandbox::BuildContext context_;
  std::optional<Result<sandbox::CollectedContext>> outcome_;
  bool may_begin_ = false;
};

}  // namespace dind
