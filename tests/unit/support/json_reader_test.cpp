#include "support/json_reader.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>

namespace json_reader_test {

using namespace dind;
using nlohmann::json;

namespace {

std::string repeated(const std::string& piece, std::size_t count, const std::string& between = "") {
  std::string text;
  text.reserve((piece.size() + between.size()) * count);
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : between) + piece;
  return text;
}

JsonProblem problem_of(const std::string& text, const JsonBounds& bounds = {}) {
  auto read = read_json(text, bounds);
  REQUIRE_FALSE(read);
  CHECK_FALSE(read.error().what.contains('\n'));
  CHECK(read.error().what.size() < 400);
  return std::move(read.error());
}

double seconds_of(const std::string& text) {
  double least = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto before = std::chrono::steady_clock::now();
    const auto read = read_json(text, {.depth = 64, .values = 10'000'000});
    REQUIRE(read);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
  }
  return least;
}

}  // namespace

TEST_CASE("Valid JSON gives the same value as nlohmann::json") {
  for (const char* text :
       {"null", "true", "-3", "18446744073709551615", "-0.5e-3", "\"\"", "\"a\\u00e9\\n\"", "[]", "{}",
        " [1, [2, {}], 3] ", R"({"a": {"b": [{"a": 1}, {"a": 2}], "c": null}, "b": "x", "": [[], [[]]]})",
        "\xEF\xBB\xBF{\"a\": 1}"}) {
    INFO(text);
    const auto read = read_json(text);
    REQUIRE(read);
    CHECK(*read == json::parse(text));
    CHECK(read_cbor([&] {
            const auto bytes = json::to_cbor(*read);
            return std::string(bytes.begin(), bytes.end());
          }()) == *read);
  }
  CHECK(*read_json("{/* why */ \"a\": 1} // that", {.comments = true}) == json{{"a", 1}});
}

TEST_CASE("The error for a refused text has the kind of fault, and the value or the position") {  // S03, I20, I26
  struct Case {
    std::string text;
    JsonFault fault;
    std::string part;
  };
  const Case cases[] = {
      {"", JsonFault::not_json, "is empty"},
      {" \r\n\t", JsonFault::not_json, "is empty"},
      {"{", JsonFault::not_json, "line 1, column 2"},
      {"{\n'a': 1}", JsonFault::not_json, "line 2, column 1"},
      {"{} {}", JsonFault::not_json, "is not JSON"},
      {"{/**/}", JsonFault::not_json, "is not JSON"},
      {"[1,]", JsonFault::not_json, "is not JSON"},
      {"NaN", JsonFault::not_json, "is not JSON"},
      {"{\"a\": \"\xff\"}", JsonFault::not_json, "UTF-8"},
      {"\"\xed\xa0\x80\"", JsonFault::not_json, "UTF-8"},
      {"\"\\ud800\"", JsonFault::not_json, "surrogate"},
      {"[1e999]", JsonFault::number_too_large, "a number that is too large: 1e999"},
      {"{\"timeout\": -1e400}", JsonFault::number_too_large, "-1e400"},
      {"{\"a\": " + std::string(1000, '9') + "e999}", JsonFault::number_too_large, "…"},
      {"[1" + std::string(400, '0') + ']', JsonFault::number_too_large, "100"},
      {R"({"timeout": 1, "timeout": 2})", JsonFault::duplicate_key, "duplicate key \"timeout\""},
      {R"({"timeout": 1, "timeout": 1})", JsonFault::duplicate_key, "duplicate key \"timeout\""},
      {R"([[{"a": [{"b": {}, "b": []}]}]])", JsonFault::duplicate_key, "duplicate key \"b\""},
      {R"({"a\n": 1, "a\u000a": 1})", JsonFault::duplicate_key, "duplicate key \"a\\n\""},
      {"{\"" + std::string(100'000, 'k') + "\":1,\"" + std::string(100'000, 'k') + "\":1}", JsonFault::duplicate_key,
       "…"},
      {std::string(65, '[') + std::string(65, ']'), JsonFault::too_deep, "more than 64 levels"},
      {repeated("{\"a\":", 65) + "1" + std::string(65, '}'), JsonFault::too_deep, "more than 64 levels"},
      {std::string(2'000'000, '['), JsonFault::too_deep, "more than 64 levels"},
      {'[' + repeated("1", 200'000, ",") + ']', JsonFault::too_many_values, "more than 200,000 values"},
      {"{\"env\":{" +
           [] {
             std::string all;
             for (int i = 0; i < 200'000; ++i) all += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
             return all;
           }() +
           "}}",
       JsonFault::too_many_values, "values"},
      {'[' + repeated("{}", 350'000, ",") + ']', JsonFault::too_many_values, "values"},
  };
  for (const auto& each : cases) {
    INFO(each.text.substr(0, 60));
    const auto problem = problem_of(each.text);
    INFO(problem.what);
    CHECK(problem.fault == each.fault);
    CHECK(problem.what.contains(each.part));
    CHECK(problem.id.is_null());
  }
  CHECK(read_json(std::string(64, '[') + std::string(64, ']')));
  CHECK(read_json('[' + repeated("1", 199'999, ",") + ']'));
  CHECK_FALSE(problem_of(R"({"password": "hunter2)").what.contains("hunter2"));
  CHECK(problem_of("[1").what.ends_with("expected ']')"));
  // Words of the parser in the text itself must not be taken for the parser's message.
  for (const char* text : {"\"'; expected hunter2", "\"'; expected '['", "\"'; expected \x90",
                           "\"; last read: 'hunter2", "\"'; expected '\x90", "\"'; expected 'h"}) {
    const auto what = problem_of(text).what;
    INFO(what);
    CHECK_FALSE(what.contains("hunter2"));
    CHECK_FALSE(what.contains("expected"));
    CHECK_FALSE(what.contains('\x90'));
  }
}

TEST_CASE("The id of a refused request is found if it is unambiguous") {
  CHECK(problem_of(R"({"id": 7, "a": 1, "a": 2})").id == 7);
  CHECK(problem_of(R"({"a": 1, "a": 2, "id": "x"})").id == "x");
  CHECK(problem_of(R"({"p": )" + std::string(100, '[') + std::string(100, ']') + R"(, "id": 7})").id == 7);
  CHECK(problem_of(R"({"p": [1, 2, 3, {"id": 1}], "id": 7})", {.values = 3}).id == 7);
  // I13: the parser stops at such a number, before or after the id.
  const std::string large = '1' + std::string(400, '0');
  CHECK(problem_of(R"({"id": 7, "params": {"timeout": )" + large + "}}").id == 7);
  CHECK(problem_of(R"({"params": {"timeout": )" + large +
                   R"(, "b": "\"1e999", "c": [-1e999, 1.5]}, "id": 18446744073709551615})")
            .id == 18446744073709551615U);
  CHECK(problem_of(R"({"a": 1, "a": 1e999, "id": "x"})").id == "x");
  CHECK(problem_of(R"({"a": 1e999, "id": "1e999"})").id == "1e999");
  for (const char* text : {R"({"id": 7, "a": 1e999, "id": 7})", R"({"id": 1e999})", R"({"a": {"id": 7}, "b": 1e999})",
                           R"([{"id": 7}, 1e999])", R"({"id": 7, "id": 7})", R"({"id": 7, "a": 1, "a": 2, "id": 8})",
                           R"({"a": {"id": 7, "id": 7}})", R"([{"id": 7, "a": 1, "a": 2}])",
                           R"({"id": [1], "a": 1, "a": 2})", R"({"id": {"id": 1}, "a": 1, "a": 2})"}) {
    INFO(text);
    CHECK(problem_of(text).id.is_null());
  }
}

TEST_CASE("The time to read JSON grows linearly with its size for any content") {  // S03
  const auto check = [](const char* what, const std::string& piece, bool in_object) {
    INFO(what);
    constexpr std::size_t kFew = 5'000, kMany = 16 * kFew;
    const auto text = [&](std::size_t count) {
      std::string all = in_object ? "{\"a\":{" : "{\"a\":[";
      for (std::size_t i = 0; i < count; ++i)
        all += (i == 0 ? "" : ",") + (in_object ? '"' + std::to_string(i) + "\":" : std::string()) + piece;
      return all + (in_object ? "}}" : "]}");
    };
    CHECK(seconds_of(text(kMany)) < 16 * 5 * seconds_of(text(kFew)) + 0.05);  // quadratic: 256 times
  };
  check("objects in a list", "{}", false);
  check("objects in an object", "{}", true);
  check("lists in a list", "[[]]", false);
  check("objects with a field", "{\"a\":{\"b\":1}}", false);
  check("texts", "\"aé\"", false);
  check("numbers in an object", "1.5", true);
}

TEST_CASE("CBOR is read with the same limits as JSON") {
  CHECK(read_cbor(std::string(64, '\x81') + '\x01'));
  CHECK_FALSE(read_cbor(std::string(65, '\x81') + '\x01'));
  CHECK_FALSE(read_cbor(std::string(50'000'000, '\x81')));  // the library reads these nested lists recursively
  CHECK_FALSE(read_cbor(std::string(50'000'000, '\x9f')));
  CHECK_FALSE(read_cbor("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"));  // a list with a huge declared length
  CHECK_FALSE(read_cbor(""));
  CHECK_FALSE(read_cbor("\x01\x01"));
  CHECK_FALSE(
      read_cbor("\xa2\x61"
                "a\x01\x61"
                "a\x02"));  // a duplicate key
}

}  // namespace json_reader_test
