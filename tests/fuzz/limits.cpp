// Limits that a client requests: every run gets limits that are above 0 and do not exceed the max.
#include <cmath>

#include "fuzz.hpp"
#include "rpc/message.hpp"
#include "services/runs/policy_limits.hpp"
#include "wire/lsp_codec.hpp"

using namespace dind;

namespace {

void check(const LimitsRequest& request) {
  const LimitPolicy policy;
  const auto granted = apply_limit_policy(policy, request);
  if (!granted) {
    fuzz::require(granted.error().code == ErrorCode::invalid_request, "a refusal is an invalid_request");
    return;
  }
  const Limits& is = granted->limits;
  const Limits& most = policy.max;
  fuzz::require(is.timeout.count() > 0 && is.timeout <= most.timeout, "the timeout is within its bounds");
  fuzz::require(is.memory_bytes > 0 && is.memory_bytes <= most.memory_bytes, "the memory limit is within its bounds");
  fuzz::require(is.cpus > 0 && is.cpus <= most.cpus, "the CPU limit is within its bounds");
  fuzz::require(is.pids > 0 && is.pids <= most.pids, "the process limit is within its bounds");
  for (const auto& note : granted->notes) fuzz::require(fuzz::is_utf8(note), "a note is UTF-8");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const rpc::Message message = rpc::parse_message("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"x\":" +
                                                  std::string(reinterpret_cast<const char*>(data), size) + "}}");
  if (const auto* notification = std::get_if<rpc::Notification>(&message);
      notification && notification->params.contains("x")) {
    const rpc::Json& json = notification->params["x"];
    if (const auto run = read_run_file(json, {}))
      check(run->spec.limits);
    else
      fuzz::require(fuzz::is_utf8(run.error().message), "an error is UTF-8");
    std::vector<std::string> warnings;
    check(read_lsp_options(json, warnings).limits);
    for (const auto& warning : warnings) fuzz::require(fuzz::is_utf8(warning), "a warning is UTF-8");
  }
  FuzzedDataProvider input(data, size);
  LimitsRequest request;
  if (input.ConsumeBool()) request.timeout = std::chrono::milliseconds(input.ConsumeIntegral<std::int64_t>());
  if (input.ConsumeBool()) request.memory_bytes = input.ConsumeIntegral<std::int64_t>();
  if (input.ConsumeBool()) request.cpus = input.ConsumeFloatingPoint<double>();
  if (input.ConsumeBool()) request.cpus = std::nan("");
  if (input.ConsumeBool()) request.pids = input.ConsumeIntegral<std::int64_t>();
  check(request);
  return 0;
}
