#include <nlohmann/json.hpp>

#include "dind/exit_code.hpp"
#include "dind/patterns.hpp"
#include "faces/execution.hpp"
#include "faces/http/routes.hpp"
#include "faces/request_fields.hpp"
#include "faces/run_json.hpp"
#include "services/languages_service.hpp"
#include "support/shortened.hpp"

namespace dind::faces::http {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto kEngineTime = 1500ms;
constexpr auto kUsualTimeout = 60s;
constexpr const char* kUnavailable = "Code execution service is not available";

struct ExecuteRequest {
  std::string code;
  std::string language = "python";
  std::optional<std::chrono::milliseconds> timeout = kUsualTimeout;
};

Result<ExecuteRequest> read_execute(const std::string& body) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  RequestFields fields(*parsed);
  ExecuteRequest request;
  fields.require("code", "the program's text");
  fields.text("code", request.code);
  fields.text("language", request.language);
  fields.seconds("timeout", request.timeout);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return request;
}

// Another language than Python, by its recipe; the timeout is of the whole, as in the other patterns.
RunSpec spec_of(ExecuteRequest request, std::string recipe) {
  if (recipe == "python") return dind::spec_of(PythonCode{.code = std::move(request.code), .timeout = request.timeout});
  RunSpec spec;
  spec.program = SourceProgram{.file_name = {}, .text = std::move(request.code), .language = std::move(recipe)};
  spec.limits.timeout = request.timeout;
  spec.total_timeout = request.timeout;
  return spec;
}

Reply refusal(const Error& error) {
  if (error.code == ErrorCode::engine_unavailable || error.code == ErrorCode::disabled)
    return detail(503, kUnavailable);
  if (error.code == ErrorCode::busy || error.code == ErrorCode::invalid_request) return detail(error);
  return detail(500, error.message);
}

}  // namespace

Task<Reply> execute_code(asio::any_io_executor executor, HttpServices& services, Request request, Cancel gone) {
  auto asked = read_execute(request.body);
  if (!asked) co_return detail(422, asked.error().message);
  if (!services.enabled || !(co_await services.engine.look(in(kEngineTime))).reachable)
    co_return detail(503, kUnavailable);
  const auto recipe = runnable_language(asked->language, "", "");
  if (!recipe) co_return detail(400, "Unsupported language: " + shortened(asked->language, 80));
  RunRequest run{.spec = spec_of(std::move(*asked), *recipe)};
  run.spec.client = std::move(request.client);
  const auto kept = co_await execute(executor, services.runs, std::move(run), nullptr, std::move(gone));
  if (!kept) co_return refusal(kept.error());
  const json full = kept_run_json(*kept);
  std::string errors = full["stderr"];
  // A program that was ended has rarely said why.
  if (const auto verdict = kept->result.verdict; verdict != Verdict::ok && verdict != Verdict::failed) {
    if (!errors.empty() && !errors.ends_with('\n')) errors += '\n';
    errors += "The run ended with the verdict " + std::string(name(verdict)) + '\n';
  }
  co_return Reply{
      .body = one_line(
          {{"success", returncode(kept->result) == 0}, {"output", full["stdout"]}, {"error", std::move(errors)}})};
}

}  // namespace dind::faces::http
