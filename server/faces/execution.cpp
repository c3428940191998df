#include "faces/execution.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dind/exit_code.hpp"
#include "faces/run_json.hpp"
#include "faces/utf8_stream.hpp"

namespace dind::faces {
namespace {

using nlohmann::json;

class Keeper final : public EventSink {
 public:
  Keeper(std::size_t most, EventSink* live, KeptRun& into) : most_(most), live_(live), into_(into) {}

  void on_state(const StateChange& change) override {
    if (live_ != nullptr) live_->on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    KeptHead& head = channel == Channel::out ? into_.out : into_.err;
    // Nothing after the first byte that was left out: what is kept is a head.
    const auto part = bytes.substr(0, head.left_out > 0 ? 0 : most_ - std::min(most_, head.bytes.size()));
    head.bytes += part;
    head.left_out += bytes.size() - part.size();
    if (live_ != nullptr) live_->on_output(channel, bytes, std::move(credit));
  }

 private:
  const std::size_t most_;
  EventSink* live_;
  KeptRun& into_;
};

// Text, and how many bytes are not in it. A character that the bound cut in two is left out whole.
std::pair<std::string, std::uint64_t> text_of(const KeptHead& head) {
  Utf8Stream stream;
  std::string text = stream.add(head.bytes);
  if (head.left_out == 0) return {text + stream.finish(), 0};
  return {std::move(text), head.left_out + stream.waiting()};
}

}  // namespace

Task<Result<KeptRun>> execute(asio::any_io_executor executor, RunService& service, RunRequest request, EventSink* live,
                              Cancel cancel) {
  KeptRun run;
  Keeper keeper(request.keep, live, run);
  std::shared_ptr<StdinPipe> input;
  if (!request.input.empty()) {
    input = std::make_shared<StdinPipe>(executor);
    input->push(std::move(request.input));
    input->close();
  }
  try {
    auto result = co_await service.run(std::move(request.spec), keeper, input, cancel);
    if (!result) co_return std::unexpected(result.error());
    run.result = std::move(*result);
  } catch (const std::exception& e) {
    co_return fail(ErrorCode::internal, std::string("A bug of ours ended the run: ") + e.what());
  }
  co_return run;
}

json kept_run_json(const KeptRun& run) {
  json value = result_json(run.result);
  auto [out, out_left] = text_of(run.out);
  auto [err, err_left] = text_of(run.err);
  value["returncode"] = returncode(run.result);
  value["stdout"] = std::move(out);
  value["stderr"] = std::move(err);
  value["stdoutTruncatedBytes"] = out_left;
  value["stderrTruncatedBytes"] = err_left;
  value["cancelReason"] = run.result.cancel_reason ? json(name(*run.result.cancel_reason)) : json(nullptr);
  value["notes"] = run.result.notes;
  return value;
}

}  // namespace dind::faces
