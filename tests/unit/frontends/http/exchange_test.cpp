#include "frontends/http/exchange.hpp"

#include <catch2/catch_test_macros.hpp>

namespace exchange_test {

using namespace dind;
using namespace dind::frontends::http;

namespace {

constexpr std::size_t kMaxBody = 1 << 20;

const Gate& gate() {
  static const Gate one(
      {.hosts = {}, .origins = {"https://app.example"}, .tokens = Tokens({{.text = "secret-token"}})});
  return one;
}

// A request that is accepted.
ReceivedHead post_run() {
  return {.head = {.method = "POST",
                   .target = "/runs",
                   .hosts = {"localhost"},
                   .origin = {},
                   .authorization = "Bearer secret-token",
                   .content_type = "application/json",
                   .content_encoding = {},
                   .accept = {},
                   .has_body = true},
          .has_unread_body = true,
          .expect = {}};
}

}  // namespace

TEST_CASE("A request is refused before its body is read, and its connection closes") {
  struct Case {
    const char* what;
    void (*change)(ReceivedHead&);
    int status;
    bool close;
  };
  const Case cases[] = {
      {"ambiguous length", [](ReceivedHead& r) { r.has_unambiguous_length = false; }, 400, true},
      {"no Host field", [](ReceivedHead& r) { r.head.hosts.clear(); }, 400, true},
      {"page of another origin", [](ReceivedHead& r) { r.head.origin = "https://evil.example"; }, 403, true},
      {"no token", [](ReceivedHead& r) { r.head.authorization.reset(); }, 401, true},
      {"no token and no such path", [](ReceivedHead& r) { r.head.authorization.reset(), r.head.target = "/x"; }, 401,
       true},
      {"no such path", [](ReceivedHead& r) { r.head.target = "/x"; }, 404, true},
      {"no such method", [](ReceivedHead& r) { r.head.method = "PUT"; }, 405, true},
      {"body too large", [](ReceivedHead& r) { r.is_too_large = true; }, 413, true},
      {"not JSON", [](ReceivedHead& r) { r.head.content_type = "text/plain"; }, 415, true},
      {"encoded", [](ReceivedHead& r) { r.head.content_encoding = "gzip"; }, 415, true},
      {"unknown expectation", [](ReceivedHead& r) { r.expect = "200-ok"; }, 417, true},
      {"OPTIONS with a body", [](ReceivedHead& r) { r.head.method = "OPTIONS"; }, 204, true},
      {"OPTIONS", [](ReceivedHead& r) { r.head.method = "OPTIONS", r.has_unread_body = false; }, 204, false},
      {"no such path, no body", [](ReceivedHead& r) { r.head.target = "/x", r.has_unread_body = false; }, 404, true},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    auto received = post_run();
    each.change(received);
    const auto checked = check(received, gate(), kMaxBody);
    REQUIRE(std::holds_alternative<Refusal>(checked));
    CHECK(std::get<Refusal>(checked).reply.status == each.status);
    CHECK(std::get<Refusal>(checked).close == each.close);
  }
}

TEST_CASE("An accepted request runs after its body is read") {
  struct Case {
    const char* what;
    void (*change)(ReceivedHead&);
    Phase next;
    bool send_continue;
    bool is_probe;
  };
  const Case cases[] = {
      {"with a body", [](ReceivedHead&) {}, Phase::reading_body, false, false},
      {"whole", [](ReceivedHead& r) { r.has_unread_body = false; }, Phase::running, false, false},
      {"waits for 100", [](ReceivedHead& r) { r.expect = "100-Continue"; }, Phase::reading_body, true, false},
      {"HTTP/1.0", [](ReceivedHead& r) { r.expect = "100-continue", r.head.version = 10; }, Phase::reading_body, false,
       false},
      {"nothing to expect", [](ReceivedHead& r) { r.expect = "x", r.has_unread_body = false; }, Phase::running, false,
       false},
      {"probe without a token",
       [](ReceivedHead& r) {
         r.head = {.method = "GET", .target = "/livez", .hosts = {"any.example"}};
         r.has_unread_body = false;
       },
       Phase::running, false, true},
      {"HEAD", [](ReceivedHead& r) { r.head.method = "HEAD", r.has_unread_body = false; }, Phase::running, false,
       false},
      {"absolute target", [](ReceivedHead& r) { r.head.target = "http://localhost/runs?x=1"; }, Phase::reading_body,
       false, false},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    auto received = post_run();
    each.change(received);
    const auto checked = check(received, gate(), kMaxBody);
    REQUIRE(std::holds_alternative<Accepted>(checked));
    const auto& accepted = std::get<Accepted>(checked);
    CHECK(accepted.next == each.next);
    CHECK(accepted.send_continue == each.send_continue);
    CHECK(accepted.is_probe == each.is_probe);
  }
}

TEST_CASE("A request that could not be read gets an error reply unless the client is gone") {
  struct Case {
    ReadFault fault;
    int status;  // 0: no reply
  };
  for (const auto& each :
       {Case{ReadFault::gone, 0}, Case{ReadFault::no_memory, 503}, Case{ReadFault::header_too_large, 431},
        Case{ReadFault::body_too_large, 413}, Case{ReadFault::not_http, 400}}) {
    const auto reply = reply_to(each.fault, kMaxBody, "bad version");
    CHECK((reply ? reply->status : 0) == each.status);
  }
  CHECK(reply_to(ReadFault::not_http, kMaxBody, "bad version")->body.contains("bad version"));
  CHECK(reply_to(ReadFault::body_too_large, kMaxBody)->body.contains("1 MiB"));
}

TEST_CASE("A server stop ends a reading connection at once, and other connections after their reply") {
  struct Case {
    Phase phase;
    bool ends;
  };
  for (const auto& each :
       {Case{Phase::reading_head, true}, Case{Phase::checking, false}, Case{Phase::reading_body, true},
        Case{Phase::running, false}, Case{Phase::writing, false}, Case{Phase::closing, false}})
    CHECK(stop_ends(each.phase) == each.ends);
  CHECK(after_reply(true, false) == Phase::reading_head);
  CHECK(after_reply(false, false) == Phase::closing);
  CHECK(after_reply(true, true) == Phase::closing);
}

}  // namespace exchange_test
