#include "frontends/cli/run_output.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "frontends/cli/summary.hpp"
#include "support/io/fd_writer.hpp"
#include "support/text/base64.hpp"
#include "support/text/utf8.hpp"
#include "wire/error_codec.hpp"
#include "wire/event_codec.hpp"
#include "wire/json_text.hpp"
#include "wire/run_result_codec.hpp"

namespace dind::frontends::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kClearLine = "\r\x1b[K";

class PlainOutput final : public RunOutput {
 public:
  PlainOutput(FdWriter& writer, Streams streams, bool quiet) : writer_(writer), streams_(streams), quiet_(quiet) {}

  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) limits_ = started->limits;
    if (quiet_) return;
    if (const auto* queued = std::get_if<Queued>(&change)) {
      if (queued->position > 0)
        progress(Stage::queue, "Waiting for " + std::to_string(queued->position) + " runs before this one", {});
    } else if (const auto* preparing = std::get_if<Preparing>(&change)) {
      progress(preparing->stage, preparing->message, preparing->percent);
    } else {
      if (!held_.empty()) writer_.write(streams_.err, std::exchange(held_, {}) + '\n');
      clear_progress();
    }
  }

  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    clear_progress();
    const bool terminal = channel == Channel::out ? streams_.out_is_terminal : streams_.err_is_terminal;
    if (terminal && !bytes.empty()) middle_of_line_ = bytes.back() != '\n';
    writer_.pass_on(channel == Channel::out ? streams_.out : streams_.err, bytes, hold(std::move(credit)));
  }

  void finished(const RunResult& result) override {
    clear_progress();
    if (quiet_) return;
    for (const auto& note : result.notes) say("note: " + printable(note), true);
    say(summary_line(result, limits_), true);
  }

  void failed(const Error& error) override {
    clear_progress();
    say("dind-executor: " + printable(error.message), false);
  }

 private:
  void say(const std::string& text, bool dim) {
    std::string line;
    if (middle_of_line_ && streams_.err_is_terminal) line += '\n';
    line += dim && streams_.colour ? "\x1b[2m" + text + "\x1b[0m\n" : text + '\n';
    writer_.write(streams_.err, std::move(line));
  }

  void progress(Stage stage, const std::string& message, std::optional<int> percent) {
    std::string text = printable(message);
    if (percent && !text.contains('%')) text += " (" + std::to_string(*percent) + " %)";
    if (streams_.err_is_terminal) {
      constexpr std::size_t kMaxLength = 78;  // a line that wraps can't be cleared
      if (text.size() > kMaxLength) text.resize(kMaxLength);
      while (!text.empty() && !is_utf8(text)) text.pop_back();
      writer_.write(streams_.err, std::string(kClearLine) + text);
      progress_shown_ = true;
      return;
    }
    // In a log: only what takes long, and not each step.
    if (stage == Stage::container) return;
    if (stage == Stage::build && percent) {  // the log of a build consists of its steps
      writer_.write(streams_.err, text + '\n');
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto pause = std::chrono::seconds(stage == Stage::build ? 1 : 10);
    if (last_stage_ == stage && now - last_line_ < pause) {
      // The last line of an installer says what it did.
      if (stage == Stage::dependencies) held_ = text;
      return;
    }
    held_.clear();
    last_stage_ = stage;
    last_line_ = now;
    writer_.write(streams_.err, text + '\n');
  }

  void clear_progress() {
    if (std::exchange(progress_shown_, false)) writer_.write(streams_.err, std::string(kClearLine));
  }

  FdWriter& writer_;
  Streams streams_;
  bool quiet_;
  LimitsInForce limits_;
  bool progress_shown_ = false;
  std::string held_;  // the last line of an installer, not yet written
  bool middle_of_line_ = false;
  std::optional<Stage> last_stage_;
  std::chrono::steady_clock::time_point last_line_;
};

class JsonOutput final : public RunOutput {
 public:
  JsonOutput(FdWriter& writer, Streams streams) : writer_(writer), streams_(streams) {}

  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) begun_ = started->run_id;
    json event = state_fields(change);
    event["event"] = state_name(change);
    line(std::move(event));
  }

  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    json event{{"event", "output"}, {"channel", to_string(channel)}};
    if (is_utf8(bytes)) {
      event["text"] = bytes;
    } else {
      event["base64"] = base64(bytes);
    }
    line(std::move(event), std::move(credit));
  }

  void finished(const RunResult& result) override {
    json event{{"event", "finished"}, {"result", result_json(result)}, {"notes", result.notes}};
    if (result.cancel_reason) event["cancelReason"] = to_string(*result.cancel_reason);
    line(std::move(event));
  }

  void failed(const Error& error) override {
    json data = run_error_json(error);
    data["began"] = begun_.has_value();
    if (begun_) data["runId"] = *begun_;
    line({{"event", "error"}, {"error", std::move(data)}});
  }

 private:
  void line(json event, OutputCredit credit = {}) {
    writer_.write(streams_.out, one_line(event), hold(std::move(credit)));
  }

  FdWriter& writer_;
  Streams streams_;
  std::optional<std::string> begun_;  // id of the run that has begun
};

}  // namespace

Streams process_streams() {
  Streams streams;
  const auto set = [](const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
  };
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  streams.out_is_terminal = isatty(streams.out) == 1;
  // A dumb terminal can't clear a line, so it gets the same lines as a log.
  streams.err_is_terminal = isatty(streams.err) == 1 && !dumb;
  streams.colour = streams.err_is_terminal && !set("NO_COLOR");
  return streams;
}

std::unique_ptr<RunOutput> plain_output(FdWriter& writer, Streams streams, bool quiet) {
  return std::make_unique<PlainOutput>(writer, streams, quiet);
}

std::unique_ptr<RunOutput> json_output(FdWriter& writer, Streams streams) {
  return std::make_unique<JsonOutput>(writer, streams);
}

}  // namespace dind::frontends::cli
