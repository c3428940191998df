// How many runs at once, and who waits for how long: a bounded queue, first come, first served.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "dind/error.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

class Admission {
 public:
  Admission(asio::any_io_executor executor, std::size_t at_once, std::size_t queued);

  // A place among the runs; given back when it is destroyed.
  class Place {
   public:
    Place() = default;
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) noexcept = default;

   private:
    friend class Admission;
    std::shared_ptr<void> hold_;
  };

  // Waits for a place; `on_position` hears how many are before this one, at first and at each change, but not where
  // there is a place at once. Errors: busy (the queue is full), cancelled.
  Task<Result<Place>> enter(std::function<void(std::size_t)> on_position, Cancel cancel);

 private:
  struct Waiter;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dind
