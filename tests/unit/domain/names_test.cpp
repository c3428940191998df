#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string_view>
#include <vector>

#include "dind/cancel_reason.hpp"
#include "dind/error.hpp"
#include "dind/exit_code.hpp"
#include "dind/run_event.hpp"

namespace names_test {

using namespace dind;

namespace {

// Checks that each name is unique and not empty.
template <typename T>
void check_distinct(const std::vector<T>& all) {
  std::set<std::string_view> seen;
  for (const auto each : all) {
    CHECK_FALSE(to_string(each).empty());
    CHECK(seen.insert(to_string(each)).second);
  }
}

}  // namespace

TEST_CASE("No two values of an enumeration have the same name") {
  check_distinct<Verdict>({Verdict::ok, Verdict::failed, Verdict::signalled, Verdict::timeout, Verdict::out_of_memory,
                           Verdict::process_limit, Verdict::output_limit, Verdict::disk_limit, Verdict::cancelled});
  check_distinct<Stage>(
      {Stage::queue, Stage::image, Stage::dependencies, Stage::build, Stage::container, Stage::program});
  check_distinct<CancelReason>(
      {CancelReason::user, CancelReason::deadline, CancelReason::shutdown, CancelReason::client_gone});
  check_distinct<ErrorCode>({ErrorCode::invalid_request, ErrorCode::unsupported_language, ErrorCode::disabled,
                             ErrorCode::not_found, ErrorCode::busy, ErrorCode::image_unavailable,
                             ErrorCode::engine_error, ErrorCode::engine_unavailable, ErrorCode::cancelled,
                             ErrorCode::internal});
}

TEST_CASE("A name is parsed to its value, and any other text gives no value") {
  for (const auto each : {Isolation::runc, Isolation::gvisor}) CHECK(parse_isolation(to_string(each)) == each);
  for (const auto each : {PullPolicy::missing, PullPolicy::never, PullPolicy::always})
    CHECK(parse_pull_policy(to_string(each)) == each);
  for (const auto each : {WorkspaceAccess::read_only, WorkspaceAccess::read_write})
    CHECK(parse_workspace_access(to_string(each)) == each);
  for (const auto* text : {"", "Runc", "runc ", "sometimes"}) {
    CHECK_FALSE(parse_isolation(text));
    CHECK_FALSE(parse_pull_policy(text));
    CHECK_FALSE(parse_workspace_access(text));
  }
}

TEST_CASE("The exit code of a run is the program's exit code, 128 + the signal, or the code of the verdict") {
  struct Case {
    RunResult result;
    int code;
  };
  std::vector<Case> cases;
  const auto add = [&](Verdict verdict, int code) -> RunResult& {
    cases.push_back({.result = {}, .code = code});
    cases.back().result.verdict = verdict;
    return cases.back().result;
  };
  add(Verdict::ok, 0);
  add(Verdict::failed, 7).exit_code = 7;
  add(Verdict::failed, 1);
  add(Verdict::failed, 255).exit_code = -1;
  add(Verdict::signalled, 128 + 11).signal = 11;
  add(Verdict::signalled, 128 + 9);
  add(Verdict::timeout, 124);
  add(Verdict::out_of_memory, 137);
  add(Verdict::process_limit, 121);
  add(Verdict::output_limit, 123);
  add(Verdict::disk_limit, 122);
  add(Verdict::cancelled, 130);
  for (const auto& each : cases) {
    CAPTURE(to_string(each.result.verdict));
    CHECK(returncode(each.result) == each.code);
  }
}

}  // namespace names_test
