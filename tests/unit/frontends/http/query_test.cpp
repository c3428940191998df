#include "frontends/http/query.hpp"

#include <catch2/catch_test_macros.hpp>

namespace query_test {

using namespace dind::frontends::http;

TEST_CASE("A list has 50 entries unless the query sets limit to another number up to 1000") {
  CHECK(parse_limit("") == kDefaultLimit);
  CHECK(parse_limit("limit=1") == 1);
  CHECK(parse_limit("limit=1000") == 1000);
  CHECK(parse_limit("limit=3&limit=4") == 4);
  for (const char* wrong : {"limit", "limit=", "limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=1x", "limit= 1",
                            "limit=99999999999999999999", "Limit=1", "x=1", "limit=1&x", "&limit=1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_limit(wrong));
  }
  CHECK(parse_limit("offset=3").error().message == "unknown parameter \"offset=3\"; supported: limit");
}

}  // namespace query_test
