#include "frontends/shared/idle_clients.hpp"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>

namespace idle_clients_test {

using namespace dind;
using namespace dind::frontends;

TEST_CASE("Connections without a request are closed before others, and the longest idle one is first") {  // S17
  const auto all = std::make_shared<IdleClients>();
  std::string closed;
  const auto place = [&](char name) {
    return std::make_unique<IdleClients::Place>(all, [&closed, name] { closed += name; });
  };
  const auto later = in(2 * IdleClients::kFirstRequestTime);
  CHECK_FALSE(all->close_longest(later));
  auto a = place('a'), b = place('b'), c = place('c');
  CHECK_FALSE(all->close_longest(later));  // each one counts as working until it waits
  a->waits();
  a->works();
  a->waits();
  b->waits();
  c->waits();
  c->waits();
  CHECK(all->close_longest(later));
  CHECK(closed == "b");
  b.reset();
  CHECK(all->close_longest(later));
  CHECK(closed == "bc");
  CHECK(all->close_longest(later));  // it is told again until it has ended
  c->works();
  CHECK(all->close_longest(later));
  CHECK(closed == "bcca");
  a->works();
  CHECK_FALSE(all->close_longest(later));
}

TEST_CASE("A burst of silent connections does not close a connection that has worked") {
  const auto all = std::make_shared<IdleClients>();
  std::string closed;
  IdleClients::Place worked(all, [&] { closed += "worked "; });
  worked.works();
  worked.waits();
  const auto now = Clock::now();
  IdleClients::Place first(all, [&] { closed += "first "; }), second(all, [&] { closed += "second "; });
  first.waits();
  second.waits();
  CHECK_FALSE(all->close_longest(now));
  CHECK(all->close_longest(now + 2 * IdleClients::kFirstRequestTime));
  CHECK(closed == "first ");
}

TEST_CASE("A connection may be destroyed while it is told to close") {
  const auto all = std::make_shared<IdleClients>();
  std::optional<IdleClients::Place> place;
  place.emplace(all, [&place] { place.reset(); });
  place->waits();
  const auto later = in(2 * IdleClients::kFirstRequestTime);
  CHECK(all->close_longest(later));
  CHECK_FALSE(all->close_longest(later));
}

TEST_CASE("A new connection has time for its first request, and one that has worked is closed at once") {
  const auto all = std::make_shared<IdleClients>();
  std::string closed;
  IdleClients::Place fresh(all, [&] { closed += "fresh "; }), worked(all, [&] { closed += "worked "; });
  const auto now = Clock::now();
  fresh.waits();
  CHECK_FALSE(all->close_longest(now));
  worked.waits();
  worked.works();
  worked.waits();
  CHECK(all->close_longest(now));
  CHECK(closed == "worked ");
  CHECK(all->close_longest(now + IdleClients::kFirstRequestTime));
  CHECK(closed == "worked fresh ");
}

}  // namespace idle_clients_test
