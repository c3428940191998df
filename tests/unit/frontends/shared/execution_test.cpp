#include "frontends/shared/execution.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace execution_test {

using namespace dind;
using namespace dind::frontends;

TEST_CASE("The ending counts output that is missing, but not output that was streamed") {
  KeptRun run;
  run.result.verdict = Verdict::ok;
  run.out.left_out = 3;
  auto json = kept_run_json(run);
  CHECK(json["ending"] == "3 B of output was left out");
  CHECK(json["stdoutTruncatedBytes"] == 3);
  run.streamed = true;
  json = kept_run_json(run);
  CHECK(json["ending"] == "");
  CHECK(json["stdoutTruncatedBytes"] == 3);
  run.result.dropped_bytes = 5;  // these bytes were not streamed
  CHECK(kept_run_json(run)["ending"] == "5 B of output dropped");
}

}  // namespace execution_test
