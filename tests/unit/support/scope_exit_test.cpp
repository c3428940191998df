#include "support/scope_exit.hpp"

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

namespace scope_exit_test {

using namespace dind;

TEST_CASE("A scope exit runs at the end of its scope, also after an exception, unless it was released") {
  int runs = 0;
  {
    const ScopeExit guard([&] { ++runs; });
  }
  CHECK(runs == 1);
  const auto thrower = [&] {
    const ScopeExit guard([&] { ++runs; });
    throw std::runtime_error("no");
  };
  CHECK_THROWS(thrower());
  CHECK(runs == 2);
  {
    ScopeExit guard([&] { ++runs; });
    guard.release();
  }
  CHECK(runs == 2);
}

}  // namespace scope_exit_test
