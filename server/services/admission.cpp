#include "services/admission.hpp"

#include <algorithm>

namespace dind {

struct Admission::Waiter {
  bool admitted = false;
};

struct Admission::State {
  State(const asio::any_io_executor& executor, std::size_t a, std::size_t q)
      : changed(executor), at_once(a), most_queued(q) {}

  Signal changed;
  const std::size_t at_once;
  const std::size_t most_queued;
  std::size_t running = 0;
  std::list<Waiter*> queue;

  void admit() {
    while (running < at_once && !queue.empty()) {
      queue.front()->admitted = true;
      queue.pop_front();
      ++running;
    }
    changed.notify();
  }
};

Admission::Admission(asio::any_io_executor executor, std::size_t at_once, std::size_t queued)
    : state_(std::make_shared<State>(executor, std::max<std::size_t>(1, at_once), queued)) {}

Task<Result<Admission::Place>> Admission::enter(std::function<void(std::size_t)> on_position, Cancel cancel) {
  const auto state = state_;
  if (state->running >= state->at_once && state->queue.size() >= state->most_queued) {
    co_return fail(ErrorCode::busy, std::to_string(state->running) + " runs are under way and " +
                                        std::to_string(state->queue.size()) +
                                        " wait, which is the most. Try again when some have ended, or raise "
                                        "concurrentRuns or queuedRuns in the configuration");
  }
  Waiter waiter;
  state->queue.push_back(&waiter);
  state->admit();
  const auto heard = cancel.on_cancel([weak = std::weak_ptr(state)] {
    if (const auto alive = weak.lock()) alive->changed.notify();
  });
  std::size_t told = SIZE_MAX;
  while (!waiter.admitted && !cancel.cancelled()) {
    const auto place =
        static_cast<std::size_t>(std::distance(state->queue.begin(), std::ranges::find(state->queue, &waiter)));
    if (place != told) on_position(told = place);
    if (!waiter.admitted) co_await state->changed.wait(in(std::chrono::hours(1)));
  }
  if (!waiter.admitted) {
    state->queue.remove(&waiter);
    state->changed.notify();
    co_return fail(ErrorCode::cancelled, "The run was cancelled while it waited for its turn");
  }
  Place place;
  place.hold_ = std::shared_ptr<void>(nullptr, [state](void*) {
    --state->running;
    state->admit();
  });
  co_return place;
}

}  // namespace dind
