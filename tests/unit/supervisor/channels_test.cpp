#include "supervisor/channels.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

#include "sandbox/supervision/frames.hpp"

namespace channels_test {

using namespace dind;
using supervisor::Channels;
using supervisor::Stream;

namespace {

std::string declare(Channels& channels, unsigned char id, std::string_view name) {
  const char* why = channels.declare(id, reinterpret_cast<const unsigned char*>(name.data()), name.size());
  return why == nullptr ? "" : why;
}

}  // namespace

TEST_CASE("A channel that the server declared is known by its id") {
  Channels channels;
  for (const auto& each : supervision::kChannels) {
    CHECK_FALSE(channels.complete());
    CHECK(declare(channels, each.id, each.name).empty());
  }
  CHECK(channels.complete());
  CHECK(channels.stream(supervision::kStdin) == Stream::in);
  CHECK(channels.stream(supervision::kStdout) == Stream::out);
  CHECK(channels.id(Stream::err) == supervision::kStderr);
  CHECK(channels.stream(9) == Stream::none);
}

TEST_CASE("The server chooses the ids of the supervisor's channels") {
  Channels channels;
  CHECK(declare(channels, 200, "stdout").empty());
  CHECK(channels.stream(200) == Stream::out);
  CHECK(channels.id(Stream::out) == 200);
}

TEST_CASE("A channel that this supervisor does not have is refused by name") {
  Channels channels;
  CHECK(declare(channels, 4, "pty") == "the channel \"pty\" is not known to this supervisor");
  CHECK(declare(channels, 4, "") == "the channel \"\" is not known to this supervisor");
  CHECK(declare(channels, 4, "stdi").contains("not known"));
  CHECK(declare(channels, 4, "stdin2").contains("not known"));
  CHECK(declare(channels, 4, std::string(60'000, 'x')).size() < 96);
  CHECK(channels.stream(4) == Stream::none);
}

TEST_CASE("A channel is declared once, and not with the id of control frames") {
  Channels channels;
  CHECK(declare(channels, 0, "stdin").contains("has no id"));
  CHECK(declare(channels, 1, "stdin").empty());
  CHECK(declare(channels, 1, "stdin").contains("twice"));
  CHECK(declare(channels, 2, "stdin").contains("twice"));
  CHECK(declare(channels, 1, "stdout").contains("twice"));
  CHECK(channels.stream(1) == Stream::in);
  CHECK(channels.stream(0) == Stream::none);
}

}  // namespace channels_test
