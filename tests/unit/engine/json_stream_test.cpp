#include "engine/json_stream.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace json_stream_test {

using namespace dind::engine;

namespace {

struct Read {
  std::vector<std::string> objects;
  bool good = true;
  bool complete = false;
};

Read read(const std::vector<std::string_view>& parts) {
  JsonStream stream;
  Read seen;
  for (const auto part : parts)
    seen.good = stream.feed(part, [&](std::string_view object) { seen.objects.emplace_back(object); }) && seen.good;
  seen.complete = stream.complete();
  return seen;
}

}  // namespace

TEST_CASE("The JSON stream has the same objects wherever its bytes are split") {
  const std::string_view text = "{\"a\":\"}{\\\"\"}\n {\"b\":[{\"c\":1}]}{}\r\n";
  const auto whole = read({text});
  CHECK(whole.objects == std::vector<std::string>{"{\"a\":\"}{\\\"\"}", "{\"b\":[{\"c\":1}]}", "{}"});
  CHECK(whole.good);
  CHECK(whole.complete);
  for (std::size_t at = 0; at <= text.size(); ++at) {
    CAPTURE(at);
    CHECK(read({text.substr(0, at), text.substr(at)}).objects == whole.objects);
  }
}

TEST_CASE("A JSON stream is complete only between two objects") {
  CHECK(read({""}).complete);
  CHECK_FALSE(read({"{\"a\":"}).complete);
  CHECK_FALSE(read({"{\"a\":\"}"}).complete);
}

TEST_CASE("Text that is not an object, or an object that is too large, makes a JSON stream invalid") {
  CHECK_FALSE(read({"{} [1]"}).good);
  CHECK_FALSE(read({"{} [1]"}).complete);
  CHECK(read({"{} x", "{}"}).objects.size() == 1);
  const std::string large = "{\"a\":\"" + std::string(JsonStream::kObjectLimit, 'x') + "\"}";
  CHECK_FALSE(read({large}).good);
}

}  // namespace json_stream_test
