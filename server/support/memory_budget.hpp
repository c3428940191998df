// A number of bytes of memory that all clients of this process share. Only for the core's thread.
#pragma once

#include <algorithm>
#include <cstddef>

namespace dind {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_bytes) : max_(max_bytes) {}
  bool take(std::size_t bytes) {  // false: fewer bytes are left
    if (bytes > max_ - std::min(max_, used_)) return false;
    used_ += bytes;
    return true;
  }
  void give(std::size_t bytes) { used_ -= bytes; }
  std::size_t used() const { return used_; }

 private:
  const std::size_t max_;
  std::size_t used_ = 0;
};

// A growing part of a budget. Its destructor returns it.
class BudgetShare {
 public:
  explicit BudgetShare(MemoryBudget& budget) : budget_(budget) {}
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  ~BudgetShare() { budget_.give(bytes_); }
  bool grow(std::size_t bytes) {
    if (!budget_.take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  std::size_t bytes() const { return bytes_; }
  bool is_alone() const { return budget_.used() == bytes_; }

 private:
  MemoryBudget& budget_;
  std::size_t bytes_ = 0;
};

// Bounds the bytes of request bodies that all frontends are receiving at one time: 256 MiB.
inline MemoryBudget& arriving_bodies() {
  static MemoryBudget budget(256U << 20);
  return budget;
}

// The part of that budget that one body takes until it is complete.
class ArrivingBody {
 public:
  // These first bytes are not counted, so that a full budget refuses no small request.
  static constexpr std::size_t kSmall = 64U << 10;

  explicit ArrivingBody(MemoryBudget& budget = arriving_bodies()) : share_(budget) {}
  // The body now has `bytes`. False: the budget is used up. A body that is larger than the whole budget is accepted if
  // it is the only one.
  bool grow_to(std::size_t bytes) {
    const auto counted = bytes - std::min(bytes, kSmall);
    return counted <= share_.bytes() || share_.grow(counted - share_.bytes()) || share_.is_alone();
  }

 private:
  BudgetShare share_;
};

}  // namespace dind
