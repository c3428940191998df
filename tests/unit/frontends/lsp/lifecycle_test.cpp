#include "frontends/lsp/lifecycle.hpp"

#include <catch2/catch_test_macros.hpp>

namespace lifecycle_test {

using namespace dind::frontends::lsp;

TEST_CASE("The server accepts initialize only as the first request, and no request after shutdown") {
  struct Case {
    Phase phase;
    const char* method;
    int code;  // 0: the request is taken
  };
  const Case cases[] = {
      {Phase::before_initialize, "initialize", 0},
      {Phase::before_initialize, "shutdown", dind::rpc::code::kServerNotInitialized},
      {Phase::before_initialize, "workspace/executeCommand", dind::rpc::code::kServerNotInitialized},
      {Phase::running, "initialize", dind::rpc::code::kInvalidRequest},
      {Phase::running, "shutdown", 0},
      {Phase::running, "no/such/method", 0},
      {Phase::shut_down, "initialize", dind::rpc::code::kInvalidRequest},
      {Phase::shut_down, "shutdown", dind::rpc::code::kInvalidRequest},
      {Phase::shut_down, "textDocument/codeLens", dind::rpc::code::kInvalidRequest},
  };
  for (const auto& each : cases) {
    CAPTURE(static_cast<int>(each.phase), each.method);
    const auto refused = refusal(each.phase, each.method);
    CHECK((refused ? refused->code : 0) == each.code);
  }
}

TEST_CASE("Notifications other than exit are accepted only while the server runs") {
  for (const char* method : {"initialized", "textDocument/didOpen", "dind/logLevel"}) {
    CHECK_FALSE(takes_notification(Phase::before_initialize, method));
    CHECK(takes_notification(Phase::running, method));
    CHECK_FALSE(takes_notification(Phase::shut_down, method));
  }
  for (const auto phase : {Phase::before_initialize, Phase::running, Phase::shut_down})
    CHECK(takes_notification(phase, "exit"));
}

}  // namespace lifecycle_test
