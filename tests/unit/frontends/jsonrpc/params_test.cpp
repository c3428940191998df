#include "frontends/jsonrpc/params.hpp"

#include <catch2/catch_test_macros.hpp>

#include "frontends/jsonrpc/failures.hpp"

namespace jsonrpc_params_test {

using namespace dind;
using namespace dind::frontends::jsonrpc;
using rpc::Json;

namespace {

// The message of a refusal; empty: the params were accepted.
template <typename Params>
std::string refusal(Result<Params> decoded) {
  return decoded ? std::string() : decoded.error().message;
}

}  // namespace

TEST_CASE("The method run/cancel takes the id of one run, or no id for all runs") {
  CHECK(decode_cancel(Json::object())->run_id == std::nullopt);
  CHECK(decode_cancel({{"runId", nullptr}})->run_id == std::nullopt);
  CHECK(decode_cancel({{"runId", "a"}})->run_id == "a");
  CHECK(refusal(decode_cancel({{"runId", 3}})).contains("\"runId\""));
  CHECK(refusal(decode_cancel({{"id", "a"}})) == "unknown field \"id\"; supported: runId");
  CHECK(refusal(decode_cancel(Json::array({"a"}))).contains("object"));
}

TEST_CASE("The method history/list lists 20 runs unless limit is another number up to 1000") {
  CHECK(decode_history_list(Json::object())->limit == 20);
  CHECK(decode_history_list({{"limit", 1}})->limit == 1);
  CHECK(decode_history_list({{"limit", 1000}})->limit == 1000);
  for (const Json& wrong : {Json(0), Json(1001), Json(-1), Json(1.5), Json("7"), Json(1e30)}) {
    CAPTURE(wrong.dump());
    CHECK(refusal(decode_history_list({{"limit", wrong}})).contains("\"limit\""));
  }
}

TEST_CASE("The method history/get needs an id") {
  CHECK(decode_history_get({{"id", "3f2a"}})->id == "3f2a");
  for (const Json& wrong : {Json(nullptr), Json(""), Json(3)}) {
    CAPTURE(wrong.dump());
    CHECK(refusal(decode_history_get({{"id", wrong}})).contains("\"id\""));
  }
  CHECK(refusal(decode_history_get(Json::object())).contains("\"id\""));
}

TEST_CASE("Refused params are reported with the kind of the error") {
  const auto refused = wrong_params({ErrorCode::invalid_request, "\"id\" is missing", 0});
  CHECK(refused.code == rpc::code::kInvalidParams);
  CHECK(refused.message == "\"id\" is missing");
  CHECK(refused.data["kind"] == "invalid_request");
}

}  // namespace jsonrpc_params_test
