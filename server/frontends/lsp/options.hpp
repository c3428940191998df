// Reads the client's settings (`Options` of docs/protocol.md), and the limits that a request names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "rpc/message.hpp"

namespace dind::frontends::lsp {

struct Options {
  LimitsRequest limits;
  std::optional<Network> network;
  std::optional<PullPolicy> pull;
  std::optional<Isolation> isolation;
  std::map<std::string, std::string> images;  // language → image
  bool code_lens = true;
  bool record = true;     // false: the history records nothing of this client's runs
  bool warm_pool = true;  // keep warm sandboxes for this client's runs
};

// Ignores a value with a wrong type or a value that is not possible. `warnings` names each one and what it must be:
// "dind.cpus is "x"; it must be a number above 0".
Options read_options(const rpc::Json& json, std::vector<std::string>& warnings);

// Reads timeout, memory, cpus and pids of a request. Errors (invalid_request) name the field.
Result<LimitsRequest> read_limits(const rpc::Json& json);
Result<std::optional<Network>> read_network(const rpc::Json& json);
Result<std::optional<PullPolicy>> read_pull(const rpc::Json& json);
Result<std::optional<Isolation>> read_isolation(const rpc::Json& json);
Result<std::optional<bool>> read_record(const rpc::Json& json);

// The request takes precedence over the options.
LimitsRequest merged(const LimitsRequest& request, const LimitsRequest& options);

}  // namespace dind::frontends::lsp
