#include "frontends/http/request_head.hpp"

#include <catch2/catch_test_macros.hpp>
#include <utility>
#include <vector>

namespace request_head_test {

using namespace dind::frontends::http;
namespace bhttp = boost::beast::http;

namespace {

HttpMessage message(const std::vector<std::pair<const char*, const char*>>& fields, unsigned version = 11) {
  HttpMessage made(bhttp::verb::post, "/runs?x=1", version);
  for (const auto& [name, value] : fields) made.insert(name, value);
  return made;
}

}  // namespace

TEST_CASE("The length of a body is unambiguous with one Content-Length or one chunked coding") {
  struct Case {
    std::vector<std::pair<const char*, const char*>> fields;
    unsigned version;
    bool unambiguous;
  };
  const Case cases[] = {
      {{}, 11, true},
      {{{"Content-Length", "3"}}, 11, true},
      {{{"Content-Length", "3"}, {"Content-Length", "3"}}, 11, false},
      {{{"Content-Length", "3, 3"}}, 11, false},
      {{{"Transfer-Encoding", "chunked"}}, 11, true},
      {{{"Transfer-Encoding", "CHUNKED"}}, 11, true},
      {{{"Transfer-Encoding", "chunked"}}, 10, false},
      {{{"Transfer-Encoding", "gzip, chunked"}}, 11, false},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, 11, false},
      {{{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, 11, false},
  };
  for (const auto& each : cases) {
    std::string shown;
    for (const auto& [name, value] : each.fields) shown += std::string(name) + ": " + value + "; ";
    CAPTURE(shown, each.version);
    CHECK(has_unambiguous_length(message(each.fields, each.version)) == each.unambiguous);
  }
}

TEST_CASE("The media type application/json is recognized in any case and with any parameters") {
  for (const char* type : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                           "application/json ;x", "application/json\t"}) {
    CAPTURE(type);
    CHECK(is_json(type));
  }
  for (const char* type :
       {"", "text/plain", "application/jsonx", "application/json, text/plain", " application/json"}) {
    CAPTURE(type);
    CHECK_FALSE(is_json(type));
  }
}

TEST_CASE("A request head keeps all Host fields, and joins repeated Accept fields to one list") {
  const auto head = head_of(message({{"Host", "a"},
                                     {"Host", "b"},
                                     {"Accept", "text/html"},
                                     {"Accept", "text/event-stream"},
                                     {"Authorization", "Bearer x"}}),
                            true);
  CHECK(head.method == "POST");
  CHECK(head.target == "/runs?x=1");
  CHECK(head.hosts == std::vector<std::string>{"a", "b"});
  CHECK(head.accept == "text/html, text/event-stream");
  CHECK(head.authorization == "Bearer x");
  CHECK_FALSE(head.origin);
  CHECK(head.has_body);
}

}  // namespace request_head_test
