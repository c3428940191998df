// Runs a coroutine to its end on the test's io_context, and fails the test if it takes too long.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>

#include "support/async/task.hpp"

namespace dind::tests {

template <typename T>
T run_task(asio::io_context& context, Task<T> task, Clock::duration at_most = std::chrono::seconds(60)) {
  std::optional<T> result;
  std::exception_ptr escaped;
  bool done = false;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
    escaped = error;
    result = std::move(value);
    done = true;
  });
  const Deadline deadline = in(at_most);
  context.restart();
  while (!done && Clock::now() < deadline) context.run_one_until(deadline);
  if (!done) throw std::runtime_error("the task did not end in time");
  if (escaped) std::rethrow_exception(escaped);
  return std::move(*result);
}

}  // namespace dind::tests
