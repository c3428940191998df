#include "frontends/http/accept_field.hpp"

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>

namespace accept_field_test {

using dind::frontends::http::accepts_events;

TEST_CASE("Events are sent if Accept gives text/event-stream a weight above 0 and not below that of JSON") {  // I21
  for (const char* accept :
       {"text/event-stream", "TEXT/EVENT-STREAM", " text/event-stream ;q=1", "application/json, text/event-stream",
        "text/html;q=0.9,Text/Event-Stream;Q=0.1", "text/event-stream;charset=utf-8", "text/event-stream; q=0.001",
        "application/json;q=0.5, text/event-stream;q=0.5", "*/*;q=0.1, text/event-stream", "text/event-stream;q=x"}) {
    INFO(accept);
    CHECK(accepts_events(accept));
  }
  for (const char* accept :
       {"", "*/*", "text/*", "application/json", "text/event-stream;q=0", "text/event-stream; q=0.000",
        "text/event-streams", "xtext/event-stream", "text/html;x=text/event-stream", "text/event-stream;q=0.00001",
        "application/json, text/event-stream;q=0.9", ",;,q=1"}) {
    INFO(accept);
    CHECK_FALSE(accepts_events(accept));
  }
}

}  // namespace accept_field_test
