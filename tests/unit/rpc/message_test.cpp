#include "rpc/message.hpp"

#include <catch2/catch_test_macros.hpp>

namespace message_test {

using namespace dind::rpc;

namespace {

template <typename T>
T of(std::string_view body) {
  auto message = parse_message(body);
  REQUIRE(std::holds_alternative<T>(message));
  return std::get<T>(std::move(message));
}

}  // namespace

TEST_CASE("Requests, notifications and responses are distinguished") {
  const auto request = of<Request>(R"({"jsonrpc":"2.0","id":"a","method":"m","params":{"x":1}})");
  CHECK(request.id == "a");
  CHECK(request.method == "m");
  CHECK(request.params == Json{{"x", 1}});
  CHECK(of<Request>(R"({"jsonrpc":"2.0","id":7,"method":"m"})").params.is_null());
  CHECK(of<Notification>(R"({"jsonrpc":"2.0","method":"n","params":null})").method == "n");
  CHECK(of<Response>(R"({"jsonrpc":"2.0","id":3,"result":null})").id == 3);
  const auto refused = of<Response>(R"({"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}})");
  REQUIRE(refused.failure);
  CHECK(refused.failure->message == "no");
}

TEST_CASE("An invalid message gives an error code, and its id if it has one") {
  const auto check = [](std::string_view body, int code, const Json& id = nullptr) {
    INFO(body.substr(0, 60));
    const auto invalid = of<Invalid>(body);
    CHECK(invalid.failure.code == code);
    CHECK(invalid.id == id);
  };
  check("", code::kParseError);
  check("{", code::kParseError);
  check("\xff", code::kParseError);
  check("[]", code::kInvalidRequest);
  check("3", code::kInvalidRequest);
  check(R"({"id":5,"method":"m"})", code::kInvalidRequest, 5);
  check(R"({"jsonrpc":"2.0","id":5})", code::kInvalidRequest, 5);
  check(R"({"jsonrpc":"2.0","id":5,"method":[]})", code::kInvalidRequest, 5);
  check(R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", code::kInvalidRequest);
  check(R"({"jsonrpc":"2.0","id":null,"method":"m"})", code::kInvalidRequest);
  check(R"({"jsonrpc":"2.0","id":5,"method":"m","params":"x"})", code::kInvalidRequest, 5);
  check(std::string(1'000'000, '['), code::kInvalidRequest);
  check(R"({"jsonrpc":"2.0","id":5,"method":"m","params":{"timeout":1e400}})", code::kInvalidRequest, 5);  // I13
  check(R"({"jsonrpc":"2.0","params":[-1e400],"method":"m","id":"x"})", code::kInvalidRequest, "x");
}

TEST_CASE("A sent message is always one line of JSON") {
  CHECK(Json::parse(result_text(1, {{"a", "\xff\n"}})) ==
        Json{{"jsonrpc", "2.0"}, {"id", 1}, {"result", {{"a", "\xEF\xBF\xBD\n"}}}});
  CHECK(Json::parse(failure_text("x", {code::kRequestFailed, "why", {{"kind", "k"}}}))["error"] ==
        Json{{"code", -32803}, {"message", "why"}, {"data", {{"kind", "k"}}}});
  CHECK_FALSE(Json::parse(failure_text(nullptr, {code::kParseError, "why", nullptr}))["error"].contains("data"));
}

}  // namespace message_test
