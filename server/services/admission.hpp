// How many runs at once, and who waits for how long: a bounded queue that is fair among clients. Those that wait have
// their turns one after another, whatever each of them has waiting; within a client the first comes first.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "dind/error.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

struct AdmissionBounds {
  std::size_t at_once = 1;             // at least one
  std::size_t queued = 0;              // that wait, of all clients together
  std::size_t queued_per_client = 0;   // 0: half of `queued`, at least one
  std::size_t at_once_per_client = 0;  // 0: no bound of its own
};

class Admission {
 public:
  Admission(asio::any_io_executor executor, AdmissionBounds bounds);

  // From now on these hold. Runs that are under way stay, and so do those that wait.
  void take_bounds(AdmissionBounds bounds);

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

  // Waits for a place. `on_position` hears how many runs start before this one if nobody else comes, at first and at
  // each change, but not where there is a place at once; another client that comes may raise it.
  // Errors: busy (the queue, or the client's part of it, is full), cancelled.
  Task<Result<Place>> enter(std::string client, std::function<void(std::size_t)> on_position, Cancel cancel);

 private:
  struct Waiter;
  struct Client;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dind
