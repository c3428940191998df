// A wait that a cancel ends at once, for work that cannot be interrupted.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dind/error.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/async/until.hpp"

namespace dind {

template <typename T>
struct Awaited {
  explicit Awaited(const asio::any_io_executor& executor) : changed(executor) {}
  Signal changed;
  std::optional<Result<T>> answer;
  std::exception_ptr escaped;
  bool failures = false;
};

template <typename T>
Task<void> answer_into(std::shared_ptr<Awaited<T>> awaited, Task<Result<T>> work) {
  try {
    auto answer = co_await std::move(work);
    if (awaited->failures) co_return;  // the value cleans up when it is destroyed here
    awaited->answer.emplace(std::move(answer));
  } catch (...) {
    if (awaited->failures) throw;
    awaited->escaped = std::current_exception();
  }
  awaited->changed.notify();
}

// Returns the value of `work`, or Error cancelled as soon as `cancel` comes. Then `work` goes on to its end in the
// background, and its value is dropped. So it must own what it uses, and its value must clean up after itself.
template <typename T>
Task<Result<T>> unless_cancelled(asio::any_io_executor executor, std::string name, Task<Result<T>> work,
                                 Cancel cancel) {
  const auto awaited = std::make_shared<Awaited<T>>(executor);
  spawn(executor, std::move(name), answer_into(awaited, std::move(work)));
  co_await until(awaited->changed, [&] { return awaited->answer || awaited->escaped; }, std::move(cancel));
  if (awaited->escaped) std::rethrow_exception(awaited->escaped);
  if (!awaited->answer) {
    awaited->failures = true;
    co_return fail(ErrorCode::cancelled, "The run was cancelled");
  }
  co_return std::move(*awaited->answer);
}

}  // namespace dind
