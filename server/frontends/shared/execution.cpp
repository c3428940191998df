#include "frontends/shared/execution.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dind/exit_code.hpp"
#include "frontends/shared/ending.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/ids.hpp"
#include "support/text/utf8_stream.hpp"
#include "wire/error_codec.hpp"
#include "wire/run_result_codec.hpp"

namespace dind::frontends {
namespace {

using nlohmann::json;

void put_output(json& into, const KeptHead& out, const KeptHead& err) {
  auto [out_text, out_left] = kept_text(out);
  auto [err_text, err_left] = kept_text(err);
  into["stdout"] = std::move(out_text);
  into["stderr"] = std::move(err_text);
  into["stdoutTruncatedBytes"] = out_left;
  into["stderrTruncatedBytes"] = err_left;
}

std::size_t escaped_bytes(std::string_view text) {
  std::size_t bytes = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bytes += byte >= 0x80 || (byte >= 0x20 && byte != '"' && byte != '\\') ? 1 : byte < 0x20 && byte != '\n' ? 6 : 2;
  }
  return bytes;
}

}  // namespace

KeptText kept_text(const KeptHead& head) {
  Utf8Stream stream;
  std::string text = stream.add(head.bytes);
  if (head.left_out == 0) return {text + stream.finish(), 0};
  // If the bound cuts a character in two, the whole character is left out.
  return {std::move(text), head.left_out + stream.waiting()};
}

std::size_t json_bytes(const KeptRun& run) {
  constexpr std::size_t kOthers = 1024;
  return escaped_bytes(run.out.bytes) + escaped_bytes(run.err.bytes) + kOthers;
}

Error no_room(const std::string& what_was_done) {
  return {ErrorCode::busy,
          what_was_done +
              ", and its reply was dropped: clients have not yet read 256 MiB of other replies. Read replies sooner, "
              "or ask for less output",
          0};
}

// `began` tells the client not to send the request again: the program has run.
NotRun without_room(const KeptRun& run) {
  return {
      .error = no_room("The run " + run.result.run_id + " ended (" + std::string(to_string(run.result.verdict)) + ")"),
      .run_id = run.result.run_id,
      .began = true,
      .limits = run.limits,
      .out = {},
      .err = {}};
}

Task<std::expected<KeptRun, NotRun>> execute(asio::any_io_executor executor, RunService& service, RunRequest request,
                                             EventSink* live, Cancel cancel) {
  NotRun run;
  if (!request.spec.run_id) request.spec.run_id = random_id();
  run.run_id = *request.spec.run_id;
  // A text in JSON is Unicode, whatever the program says about its encoding.
  if (auto* source = std::get_if<SourceProgram>(&request.spec.program))
    source->text = unicode_program(std::move(source->text), source->language, source->file_name);
  OutputCapture capture(request.keep, live, [&run](std::size_t bytes) { return run.share->grow(bytes); });
  std::shared_ptr<StdinPipe> input;
  if (!request.input.empty()) {
    input = std::make_shared<StdinPipe>(executor);
    input->push(std::move(request.input));
    input->close();
  }
  try {
    auto result = co_await service.run(std::move(request.spec), capture, input, cancel);
    if (result && capture.refused)
      result->notes.emplace_back(
          "All runs of this server together keep at most 256 MiB of output, and all of it was in use: the rest of this "
          "run's output was dropped. Read the output as a stream, or keep less (keepOutputBytes)");
    if (result)
      co_return KeptRun{.result = std::move(*result),
                        .limits = capture.limits,
                        .out = std::move(capture.out),
                        .err = std::move(capture.err),
                        .streamed = live != nullptr,
                        .share = std::move(run.share)};
    run.error = std::move(result.error());
    // Only the shutdown of this process cancelled it.
    run.stopped = run.error.code == ErrorCode::cancelled && service.closing().cancelled() &&
                  cancel.reason().value_or(CancelReason::shutdown) == CancelReason::shutdown;
  } catch (const std::exception& e) {
    run.error = {ErrorCode::internal, std::string("A bug in dind-executor ended the run: ") + e.what()};
  }
  run.began = capture.limits.has_value();
  run.limits = capture.limits;
  run.out = std::move(capture.out);
  run.err = std::move(capture.err);
  co_return std::unexpected(std::move(run));
}

json kept_run_json(const KeptRun& run) {
  json value = result_json(run.result);
  value["returncode"] = returncode(run.result);
  put_output(value, run.out, run.err);
  add_cancel_reason(value, run.result);
  const auto left_out =
      value["stdoutTruncatedBytes"].get<std::uint64_t>() + value["stderrTruncatedBytes"].get<std::uint64_t>();
  value["ending"] = ending_words(run.result, run.limits, run.streamed ? 0 : left_out);
  add_notes(value, run.result);
  return value;
}

json not_run_json(const NotRun& run) {
  json value = run_error_json(run.error);
  if (run.stopped) {
    constexpr int kAboutARestart = 5;  // seconds
    value["kind"] = kShuttingDown;
    value["httpStatus"] = kShuttingDownStatus;
    value["retryAfter"] = kAboutARestart;
  }
  value["runId"] = run.run_id;
  value["began"] = run.began;
  if (run.began && !run.stopped) value.erase("retryAfter");
  put_output(value, run.out, run.err);
  return value;
}

}  // namespace dind::frontends
