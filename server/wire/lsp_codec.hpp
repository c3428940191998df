// The arguments and settings that an editor sends, as JSON: api/lsp.schema.json.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "wire/request_fields.hpp"

namespace dind {

// `Options`: the settings of a client.
struct LspOptions {
  LimitsRequest limits;
  std::optional<Network> network;
  std::optional<PullPolicy> pull;
  std::optional<Isolation> isolation;
  std::map<std::string, std::string> images;  // language → image
  bool code_lens = true;
  bool record = true;     // false: the history records nothing of this client's runs
  bool warm_pool = true;  // keep warm sandboxes for this client's runs
};

// Ignores a value with a wrong type or a value that is not possible, and unknown fields. `warnings` names each value
// and what it must be: "dind.cpus is "x"; it must be a number from 0.01 to 1000000".
LspOptions read_lsp_options(const nlohmann::json& value, std::vector<std::string>& warnings);

// `RunFile` and `RunWorkspace`. `spec` has no program; what the argument leaves out is as the options say.
struct LspRun {
  std::string uri;
  std::optional<std::string> language_id;       // of a file
  std::optional<std::string> program, command;  // of a folder
  std::string input;                            // the program's stdin
  RunSpec spec;
};
// Errors (invalid_request) name the field.
Result<LspRun> read_run_file(const nlohmann::json& argument, const LspOptions& options, Sender sender = Sender::editor);
Result<LspRun> read_run_workspace(const nlohmann::json& argument, const LspOptions& options,
                                  Sender sender = Sender::editor);

}  // namespace dind
