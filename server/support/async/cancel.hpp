// Cancellation with a reason: a source that is triggered once, and callbacks that it calls. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "dind/cancel_reason.hpp"

namespace dind {

// Copies share one state. A default-constructed Cancel stays uncancelled until someone calls `cancel` on it or a copy.
class Cancel {
 public:
  // Keeps a callback registered as long as it lives. If the source is cancelled already, the callback runs at once.
  class Subscription {
   public:
    Subscription() = default;
    explicit Subscription(std::function<void()> drop) : drop_(std::move(drop)) {}
    Subscription(Subscription&& other) noexcept : drop_(std::exchange(other.drop_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
      if (this != &other) {
        reset();
        drop_ = std::exchange(other.drop_, nullptr);
      }
      return *this;
    }
    ~Subscription() { reset(); }
    void reset() {
      if (auto drop = std::exchange(drop_, nullptr)) drop();
    }

   private:
    std::function<void()> drop_;
  };

  // The first reason stays; later calls do nothing.
  void cancel(CancelReason reason) {
    if (state_->reason) return;
    state_->reason = reason;
    const auto state = state_;           // a callback may destroy this object
    while (!state->callbacks.empty()) {  // a callback may end the subscription of another one
      auto callback = std::move(state->callbacks.begin()->second);
      state->callbacks.erase(state->callbacks.begin());
      callback();
    }
  }
  std::optional<CancelReason> reason() const { return state_->reason; }
  bool cancelled() const { return state_->reason.has_value(); }

  [[nodiscard]] Subscription on_cancel(std::function<void()> callback) const {
    if (cancelled()) {
      callback();
      return {};
    }
    const auto id = state_->next_id++;
    state_->callbacks.emplace(id, std::move(callback));
    return Subscription([state = std::weak_ptr(state_), id] {
      if (auto s = state.lock()) s->callbacks.erase(id);
    });
  }

 private:
  struct State {
    std::optional<CancelReason> reason;
    std::uint64_t next_id = 0;
    std::map<std::uint64_t, std::function<void()>> callbacks;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Cancels `to`, with the reason of `from`, when `from` is cancelled. Ends with the subscription.
[[nodiscard]] inline Cancel::Subscription relay(const Cancel& from, Cancel to) {
  return from.on_cancel([state = from, to]() mutable { to.cancel(*state.reason()); });
}

}  // namespace dind
