// Bounds the number of concurrent runs, with a bounded queue that is fair among clients. Clients with waiting runs
// take turns, however many runs each of them has waiting. The runs of one client start in the order of their arrival.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "dind/error.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

struct AdmissionBounds {
  std::size_t at_once = 1;             // max concurrent runs; at least 1
  std::size_t queued = 0;              // max waiting runs, of all clients together
  std::size_t queued_per_client = 0;   // 0: half of `queued`, at least 1
  std::size_t at_once_per_client = 0;  // 0: only `at_once` bounds a client
};

class Admission {
 public:
  Admission(asio::any_io_executor executor, AdmissionBounds bounds);

  // Replaces the bounds. Active runs and waiting runs stay, even if they exceed the new bounds.
  void take_bounds(AdmissionBounds bounds);

  // A slot for one run. The destructor releases it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) noexcept = default;

   private:
    friend class Admission;
    std::shared_ptr<void> hold_;
  };

  // Waits for a slot. `on_position` gets the number of runs that start before this one, if no other run arrives. It is
  // called first when the wait begins and then for each change, but not if a slot is free at once. A run of another
  // client that arrives later may raise the number.
  // Errors: busy (the queue, or the client's part of it, is full), cancelled.
  Task<Result<Slot>> enter(std::string client, std::function<void(std::size_t)> on_position, Cancel cancel);

 private:
  struct Waiter;
  struct Client;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dind
