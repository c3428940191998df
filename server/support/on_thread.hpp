// Work that blocks (files, archives), away from the core's thread.
#pragma once

#include <boost/asio/post.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "support/task.hpp"

namespace dind {

// The value of `work`, done on a thread of its own; what it throws is thrown here. `work` must hold all that it uses.
template <typename T>
Task<T> on_thread(asio::any_io_executor executor, std::function<T()> work) {
  struct State {
    explicit State(const asio::any_io_executor& e) : done(e) {}
    Signal done;
    bool over = false;  // the core's thread only
    std::optional<T> value;
    std::exception_ptr escaped;
  };
  const auto state = std::make_shared<State>(executor);
  std::thread([state, executor, work = std::move(work)] {
    try {
      state->value = work();
    } catch (...) {
      state->escaped = std::current_exception();
    }
    asio::post(executor, [state] {
      state->over = true;
      state->done.notify();
    });
  }).detach();
  while (!state->over) co_await state->done.wait(in(std::chrono::hours(1)));
  if (state->escaped) std::rethrow_exception(state->escaped);
  co_return std::move(*state->value);
}

}  // namespace dind
