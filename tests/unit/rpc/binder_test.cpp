#include "rpc/binder.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "support/json_fields.hpp"
#include "support/run_task.hpp"

namespace binder_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
using rpc::Json;

namespace {

struct Sum {
  std::int64_t left = 0, right = 0;
};

Result<Sum> decode_sum(const Json& params) {
  for (const char* name : {"left", "right"})
    if (!lenient::find_integer(params, name))
      return fail(ErrorCode::invalid_request, '"' + std::string(name) + "\" must be a whole number");
  return Sum{*lenient::find_integer(params, "left"), *lenient::find_integer(params, "right")};
}

// A server with a Binder, and the client's end of its connection.
struct Server {
  Server() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client = ends[1];
    const int out = dup(ends[0]);
    REQUIRE(out >= 0);
    connection = rpc::Connection::open(
        context.get_executor(), ends[0], out,
        {.request = [this](rpc::Request request,
                           rpc::Reply reply) { binder.dispatch(std::move(request), std::move(reply)); },
         .notification = [this](const rpc::Notification& notification) { binder.dispatch(notification); }},
        true);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { ::close(client); }

  // The replies to these messages, in the order in which they arrive.
  std::vector<Json> replies(const std::vector<std::string>& messages) {
    std::string bytes;
    for (const auto& message : messages) bytes += rpc::framed(message);
    REQUIRE(::write(client, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::shutdown(client, SHUT_WR);
    REQUIRE(run_task(context, connection->serve()));
    REQUIRE(run_task(context, connection->flushed(in(10s))));
    std::string received(1 << 16, '\0');
    const auto count = ::recv(client, received.data(), received.size(), MSG_DONTWAIT);
    received.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    std::vector<Json> found;
    rpc::FrameReader frames;
    std::string_view rest = received;
    while (!rest.empty()) {
      const auto body = frames.next(rest);
      REQUIRE(body);
      if (*body) found.push_back(Json::parse(**body));
    }
    return found;
  }
  Json reply(const std::string& method, const Json& params) {
    const auto all = replies({rpc::request_text(7, method, params)});
    REQUIRE(all.size() == 1);
    CHECK(all.front()["id"] == 7);
    return all.front();
  }

  asio::io_context context;
  rpc::Binder binder;
  std::shared_ptr<rpc::Connection> connection;
  int client = -1;
};

}  // namespace

TEST_CASE("The handler of a bound request gets the decoded params, and the client gets one reply") {
  Server server;
  server.binder.request("sum", decode_sum, [](Sum sum, rpc::Reply reply) { reply.result(sum.left + sum.right); });
  CHECK(server.reply("sum", {{"left", 2}, {"right", 3}})["result"] == 5);
}

TEST_CASE("Invalid params are refused with the name of the field, and no handler is called") {
  Server server;
  bool called = false;
  server.binder.request("sum", decode_sum, [&](Sum, rpc::Reply) { called = true; });
  const Json failure = server.reply("sum", {{"left", 2}, {"right", "three"}})["error"];
  CHECK(failure["code"] == rpc::code::kInvalidParams);
  CHECK(failure["message"] == "\"right\" must be a whole number");
  CHECK_FALSE(failure.contains("data"));
  CHECK_FALSE(called);
}

TEST_CASE("The decoder gets an empty object if the params are missing") {
  Server server;
  server.binder.request("sum", decode_sum, [](Sum, rpc::Reply reply) { reply.result(nullptr); });
  CHECK(server.reply("sum", nullptr)["error"]["message"] == "\"left\" must be a whole number");
}

TEST_CASE("An unknown method is refused with the names of the supported methods") {
  Server server;
  for (const char* name : {"b", "a"}) server.binder.request(name, [](rpc::Reply reply) { reply.result(1); });
  const Json failure = server.reply("c\x1b[31m", Json::object())["error"];
  CHECK(failure["code"] == rpc::code::kMethodNotFound);
  CHECK(failure["message"] == R"(unknown method "c\\x1b[31m"; supported: a, b)");
}

TEST_CASE("A method without params accepts only empty or missing params") {
  struct Case {
    Json params;
    const char* problem;  // null: the params are accepted
  };
  const Case cases[] = {{nullptr, nullptr},
                        {Json::object(), nullptr},
                        {Json::array(), nullptr},
                        {{{"x", 1}}, "unknown field \"x\"; no fields are supported here"},
                        {Json::array({1}), "This method takes no params: leave them out"}};
  for (const auto& each : cases) {
    CAPTURE(each.params.dump());
    Server server;
    server.binder.request("info", [](rpc::Reply reply) { reply.result("here"); });
    const Json reply = server.reply("info", each.params);
    if (each.problem == nullptr)
      CHECK(reply["result"] == "here");
    else
      CHECK(reply["error"]["message"] == each.problem);
  }
}

TEST_CASE("A request gets exactly one reply even if its handler drops the reply or throws") {
  Server server;
  server.binder.request("drop", [](rpc::Reply) {});
  server.binder.request("throw", [](rpc::Reply) { throw std::runtime_error("a bug"); });
  const auto all = server.replies({rpc::request_text(1, "drop", nullptr), rpc::request_text(2, "throw", nullptr)});
  REQUIRE(all.size() == 2);
  for (const auto& each : all) CHECK(each["error"]["code"] == rpc::code::kInternalError);
}

TEST_CASE("A notification with invalid params or without a handler is ignored") {
  Server server;
  std::vector<std::string> levels;
  server.binder.notification(
      "level", [](const Json& params) { return lenient::find_text(params, "level"); },
      [&](const std::string& level) { levels.push_back(level); });
  int ended = 0;
  server.binder.notification("end", [&] { ++ended; });
  const auto all = server.replies({rpc::notification_text("level", {{"level", "debug"}}),
                                   rpc::notification_text("level", {{"level", 3}}),
                                   rpc::notification_text("nothing", nullptr), rpc::notification_text("end", nullptr)});
  CHECK(all.empty());
  CHECK(levels == std::vector<std::string>{"debug"});
  CHECK(ended == 1);
}

TEST_CASE("A binder can add data to the error for refused params") {
  Server server;
  rpc::Binder binder([](const Error& error) {
    return rpc::Failure{rpc::code::kInvalidParams, error.message, {{"kind", "invalid_request"}}};
  });
  binder.request("sum", decode_sum, [](Sum, rpc::Reply reply) { reply.result(0); });
  server.binder.request(
      "sum", [](const Json& params) -> Result<Json> { return params; },
      [&](Json params, rpc::Reply reply) { binder.dispatch({7, "sum", std::move(params)}, std::move(reply)); });
  CHECK(server.reply("sum", Json::object())["error"]["data"]["kind"] == "invalid_request");
  CHECK(binder.has_request("sum"));
  CHECK_FALSE(binder.has_request("difference"));
  CHECK(binder.requests() == std::vector<std::string>{"sum"});
}

}  // namespace binder_test
