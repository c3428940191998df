#include "support/memory_budget.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <optional>

namespace memory_budget_test {

using namespace dind;

TEST_CASE("A share returns to the budget when its owner is destroyed") {  // S11
  MemoryBudget budget(100);
  {
    BudgetShare one(budget), other(budget);
    CHECK(one.grow(60));
    CHECK_FALSE(other.grow(41));
    CHECK(other.grow(40));
    CHECK_FALSE(one.grow(1));
    CHECK_FALSE(one.grow(SIZE_MAX));
    CHECK(one.grow(0));
    CHECK(budget.used() == 100);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("Request bodies share a budget, except for the first bytes of each") {  // S11
  MemoryBudget budget(1000);
  constexpr auto kSmall = ArrivingBody::kSmall;
  std::optional<ArrivingBody> large(budget);
  ArrivingBody other(budget), small(budget);
  CHECK(large->grow_to(kSmall));
  CHECK(budget.used() == 0);
  CHECK(large->grow_to(kSmall + 900));
  CHECK(large->grow_to(kSmall + 900));
  CHECK(budget.used() == 900);
  CHECK(other.grow_to(kSmall + 100));
  CHECK_FALSE(other.grow_to(kSmall + 101));
  CHECK_FALSE(large->grow_to(kSmall + 901));
  CHECK(small.grow_to(kSmall));  // the others have no influence
  large.reset();
  CHECK(other.grow_to(kSmall + 1000));
  CHECK(other.grow_to(kSmall + 5000));  // the only body may exceed the budget
  CHECK_FALSE(small.grow_to(kSmall + 1));
}

}  // namespace memory_budget_test
