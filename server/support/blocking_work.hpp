// Work that blocks (files, archives), away from the core's thread.
#pragma once

#include <boost/asio/post.hpp>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// Must be destroyed before the io_context: it asks what is under way to stop, and waits for it, so that no thread posts
// to a loop that is gone.
class BlockingWork {
 public:
  explicit BlockingWork(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  BlockingWork(const BlockingWork&) = delete;
  BlockingWork& operator=(const BlockingWork&) = delete;

  // The value of `work`, done on a thread of its own; what it throws is thrown here. nullopt: `cancel` came first. Then
  // `work` is asked to stop, and comes to its end behind. It must hold all that it uses.
  template <typename T>
  Task<std::optional<T>> run(std::function<T(const std::stop_token&)> work, Cancel cancel) {
    struct State {
      explicit State(const asio::any_io_executor& e) : done(e) {}
      Signal done;
      bool over = false;  // the core's thread only
      std::optional<T> value;
      std::exception_ptr escaped;
    };
    const auto state = std::make_shared<State>(executor_);
    const auto threads = threads_;  // a frame may outlive this
    const auto place = threads->emplace(threads->end());
    *place = std::jthread([state, executor = executor_, work = std::move(work), place,
                           all = std::weak_ptr(threads)](const std::stop_token& stop) {
      try {
        state->value = work(stop);
      } catch (...) {
        state->escaped = std::current_exception();
      }
      asio::post(executor, [state, place, all] {
        state->over = true;
        state->done.notify();
        if (const auto alive = all.lock()) alive->erase(place);  // joins what has nothing more to do
      });
    });
    const auto heard = cancel.on_cancel([state] { state->done.notify(); });
    while (!state->over && !cancel.cancelled()) co_await state->done.wait(in(std::chrono::hours(1)));
    if (!state->over) {
      place->request_stop();
      co_return std::nullopt;
    }
    if (state->escaped) std::rethrow_exception(state->escaped);
    co_return std::move(state->value);
  }

  ~BlockingWork() { threads_->clear(); }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<std::list<std::jthread>> threads_ = std::make_shared<std::list<std::jthread>>();
};

}  // namespace dind
