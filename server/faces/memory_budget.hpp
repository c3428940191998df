// Memory that all clients of this process share: what runs keep of their output, and replies that nobody has read yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::faces {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t most_bytes) : most_(most_bytes) {}
  bool take(std::size_t bytes);  // false: there is not as much left
  void give(std::size_t bytes) { used_ -= bytes; }
  std::size_t used() const { return used_; }

 private:
  const std::size_t most_;
  std::size_t used_ = 0;
};

// Both on the core's thread. 256 MiB each.
MemoryBudget& kept_output();
MemoryBudget& unread_replies();

// A part of a budget that grows, and goes back at once with its owner.
class BudgetShare {
 public:
  explicit BudgetShare(MemoryBudget& budget) : budget_(budget) {}
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  ~BudgetShare() { budget_.give(bytes_); }
  bool grow(std::size_t bytes);

 private:
  MemoryBudget& budget_;
  std::size_t bytes_ = 0;
};

// The room for a reply of about `bytes`, to be held until the client has read it. Small ones never wait; a large one
// waits while others fill the budget, a minute at most. Null: there was no room, or `gone` came first.
Task<std::shared_ptr<void>> room_for_reply(asio::any_io_executor executor, std::size_t bytes, Cancel gone);

}  // namespace dind::faces
