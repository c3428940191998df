// Collects the context of a build while the engine already receives it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "services/builds/build_context.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// A builder starts no step before it has the whole context. So the end of the context is held back until all that the
// steps need exists. A context that cannot be collected never gets an end.
class BuildUpload {
 public:
  BuildUpload(const asio::any_io_executor& executor, BuildContext context)
      : changed_(executor), context_(std::move(context)) {}

  // Collects in a new thread, until `cancel` is cancelled. If it fails, it cancels `cancel`.
  static Task<void> collect(std::shared_ptr<BuildUpload> upload, BlockingWork& work, ContextRequest request,
                            Cancel cancel);
  const BuildContext& context() const { return context_; }
  // The caller allows the steps: they start once the context is complete too. No step starts before this call.
  void allow_steps();
  // Waits until the collection has ended. The result is the collected context, or why it cannot be collected.
  Task<Result<CollectedContext>> collected();
  // Why the context cannot be collected. nullopt: it can, or it is not known yet, or the collection was cancelled.
  std::optional<Error> failure() const;

 private:
  void end_if_due();

  Signal changed_;
  BuildContext context_;
  std::optional<Result<CollectedContext>> outcome_;
  bool may_begin_ = false;
};

}  // namespace dind
