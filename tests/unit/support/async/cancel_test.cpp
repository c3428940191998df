#include "support/async/cancel.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cancel_test {

using namespace dind;

TEST_CASE("A cancel keeps its first reason, and calls each callback once") {
  Cancel cancel;
  int calls = 0;
  const auto kept = cancel.on_cancel([&] { ++calls; });
  {
    const auto ended = cancel.on_cancel([&] { calls += 100; });
  }
  cancel.cancel(CancelReason::deadline);
  cancel.cancel(CancelReason::user);
  CHECK(calls == 1);
  CHECK(cancel.reason() == CancelReason::deadline);
  const auto late = cancel.on_cancel([&] { ++calls; });
  CHECK(calls == 2);
}

TEST_CASE("A callback may end the subscription of another one") {
  Cancel cancel;
  int calls = 0;
  Cancel::Subscription second;
  const auto first = cancel.on_cancel([&] { second.reset(); });
  second = cancel.on_cancel([&] { ++calls; });
  cancel.cancel(CancelReason::user);
  CHECK(calls == 0);
}

TEST_CASE("A relayed cancel has the reason of its source, until the relay ends") {
  Cancel from;
  Cancel to;
  SECTION("The source is cancelled while the relay exists") {
    const auto relayed = relay(from, to);
    from.cancel(CancelReason::shutdown);
    CHECK(to.reason() == CancelReason::shutdown);
  }
  SECTION("The source is cancelled after the relay ended") {
    {
      const auto relayed = relay(from, to);
    }
    from.cancel(CancelReason::shutdown);
    CHECK_FALSE(to.cancelled());
  }
  SECTION("The source was cancelled before the relay began") {
    from.cancel(CancelReason::client_gone);
    const auto relayed = relay(from, to);
    CHECK(to.reason() == CancelReason::client_gone);
  }
}

}  // namespace cancel_test
