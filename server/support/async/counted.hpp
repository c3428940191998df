// Counts what is open, and lets others wait until it has ended. Single-threaded.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "support/async/until.hpp"

namespace dind {

class Counted {
 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : changed(executor) {}
    std::size_t count = 0;
    Signal changed;
  };

 public:
  // Counts as one while it lives. It may outlive the Counted.
  class One {
   public:
    explicit One(std::shared_ptr<State> state) : state_(std::move(state)) { ++state_->count; }
    One(One&&) noexcept = default;
    One& operator=(One&&) = delete;
    ~One() {
      if (!state_) return;
      --state_->count;
      state_->changed.notify();
    }

   private:
    std::shared_ptr<State> state_;
  };

  explicit Counted(const asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}
  [[nodiscard]] One add() { return One(state_); }
  std::size_t count() const { return state_->count; }
  Signal& changed() { return state_->changed; }  // notified when one ends
  // True: none is left. False: the deadline passed.
  Task<bool> wait_none(Deadline deadline = kNoDeadline) { return none(state_, deadline); }

 private:
  static Task<bool> none(std::shared_ptr<State> state, Deadline deadline) {
    co_return co_await until(state->changed, [&] { return state->count == 0; }, deadline);
  }

  std::shared_ptr<State> state_;
};

}  // namespace dind
