// A run request from a program: any JSON is refused with one line of text, or becomes a RunSpec with valid numbers. The
// first byte of the input selects the method that reads the request.
#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "support/json_reader.hpp"
#include "wire/run_spec_codec.hpp"

using namespace dind;

namespace {

void check(const RunRequest& request) {
  const auto positive = [](const auto& value) { return !value || value->count() > 0; };
  fuzz::require(positive(request.spec.limits.timeout) && positive(request.spec.total_timeout), "a timeout is above 0");
  fuzz::require(!request.spec.limits.memory_bytes || *request.spec.limits.memory_bytes > 0,
                "a memory limit is above 0");
  fuzz::require(!request.spec.limits.cpus || (*request.spec.limits.cpus > 0 && *request.spec.limits.cpus < 1e9),
                "a CPU limit is above 0 and finite");
  fuzz::require(!request.spec.limits.pids || *request.spec.limits.pids > 0, "a process limit is above 0");
  fuzz::require(request.keep <= kMaxKeptOutput, "the kept output is bounded");
  fuzz::require(request.spec.working_dir.empty() || request.spec.working_dir.starts_with('/'),
                "a working directory is absolute");
  fuzz::require(request.spec.caller.client.empty(), "a request can't set its client");
  if (const auto* command = std::get_if<CommandProgram>(&request.spec.program)) {
    fuzz::require(request.spec.image.has_value(), "a command has an image");
    if (const auto* argv = std::get_if<std::vector<std::string>>(&command->command))
      fuzz::require(!argv->empty(), "a command is not empty");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr const char* kMethods[] = {"run", "runPythonCode", "runShellScript", "runCommand", "buildAndRun"};
  if (size == 0) return 0;
  const auto read = run_method(kMethods[data[0] % std::size(kMethods)]);
  const auto json = read_json({reinterpret_cast<const char*>(data + 1), size - 1});
  if (!json) return 0;
  const auto request = read(*json);
  if (request) {
    check(*request);
  } else {
    fuzz::require(request.error().code == ErrorCode::invalid_request, "a refusal is an invalid_request");
    fuzz::require(fuzz::is_utf8(request.error().message) && !request.error().message.contains('\n'),
                  "an error is one line of text");
  }
  return 0;
}
