#include "support/json_fields.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

namespace json_fields_test {

using namespace dind::lenient;

TEST_CASE("A field is found by its path, and a missing field is null") {
  const Json json{{"a", {{"b", {{"text", "x"}, {"number", 3}, {"flag", true}}}}}};
  CHECK(find_text(json, "a/b/text") == "x");
  CHECK(find_integer(json, "a/b/number") == 3);
  CHECK(find_flag(json, "a/b/flag") == true);
  CHECK(field(json, "a/b") == json["a"]["b"]);
  CHECK(field(json, "") == json);
  CHECK(field(json, "a/x/y").is_null());
  CHECK(field(json, "a/b/text/c").is_null());
  CHECK(field(Json(3), "a").is_null());
}

TEST_CASE("A JSON field of another type counts as missing") {
  const Json json{{"text", "x"},  {"number", 3},     {"real", 2.9},
                  {"flag", true}, {"null", nullptr}, {"list", {"a", 1, "b"}}};
  CHECK_FALSE(find_text(json, "number"));
  CHECK_FALSE(find_integer(json, "text"));
  CHECK_FALSE(find_integer(json, "real"));
  CHECK_FALSE(find_flag(json, "null"));
  CHECK(text(json, "number").empty());
  CHECK(text(json["list"]).empty());
  CHECK(flag(json, "text", true));
  CHECK_FALSE(flag(json, "missing"));
  CHECK(number(json, "text", 7) == 7);
  CHECK(number(json, "real") == 2);
  CHECK(texts(json, "list") == std::vector<std::string>{"a", "b"});
  CHECK(texts(json, "text").empty());
  CHECK(text_map(json, "list").empty());
}

TEST_CASE("A number outside of 64 bits counts as missing") {
  const Json json{{"large", UINT64_MAX}, {"max", INT64_MAX}, {"min", INT64_MIN}, {"real", 1e19}, {"negative", -1e19}};
  CHECK(number(json, "large", 7) == 7);
  CHECK_FALSE(find_integer(json, "large"));
  CHECK(number(json, "max") == INT64_MAX);
  CHECK(number(json, "min") == INT64_MIN);
  CHECK(number(json, "real", 7) == 7);
  CHECK(number(json, "negative", 7) == 7);
}

TEST_CASE("A map of texts and a list of NAME=VALUE are read as maps") {
  const Json json{{"map", {{"a", "1"}, {"b", 2}}}, {"env", {"A=1", "B", "C=x=y", 3}}};
  CHECK(text_map(json, "map") == std::map<std::string, std::string>{{"a", "1"}, {"b", ""}});
  CHECK(environment(json, "env") == std::map<std::string, std::string>{{"A", "1"}, {"B", ""}, {"C", "x=y"}});
}

}  // namespace json_fields_test
