// Runs blocking work (files, archives) outside of the core's thread.
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

#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/async/until.hpp"

namespace dind {

// Destroy it before the io_context: its destructor asks running work to stop and waits for it. So no thread posts to an
// io_context that is destroyed.
class BlockingWork {
 public:
  explicit BlockingWork(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  BlockingWork(const BlockingWork&) = delete;
  BlockingWork& operator=(const BlockingWork&) = delete;

  // Returns the value of `work`, which runs in a new thread; rethrows what `work` throws. nullopt: `cancel` came first.
  // Then `work` is asked to stop and goes on to its end in the background, so it must own all that it uses.
  template <typename T>
  Task<std::optional<T>> run(std::function<T(const std::stop_token&)> work, Cancel cancel) {
    struct State {
      explicit State(const asio::any_io_executor& e) : done(e) {}
      Signal done;
      bool over = false;  // only the core's thread uses it
      std::optional<T> value;
      std::exception_ptr escaped;
    };
    const auto state = std::make_shared<State>(executor_);
    const auto threads = threads_;  // a coroutine frame may outlive this object
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
        if (const auto alive = all.lock()) alive->erase(place);  // joins a thread that has nothing more to do
      });
    });
    co_await until(state->done, [&] { return state->over; }, cancel);
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
