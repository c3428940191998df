#include "frontends/lsp/event_sink.hpp"

#include "frontends/lsp/plain_lines.hpp"
#include "support/text/escaped.hpp"
#include "support/units.hpp"
#include "wire/event_codec.hpp"
#include "wire/run_result_codec.hpp"

namespace dind::frontends::lsp {
namespace {

using rpc::Json;

constexpr int kInfoType = 3;                   // MessageType.Info
constexpr int kLogType = 4;                    // MessageType.Log
constexpr std::size_t kMaxPartial = 64 << 10;  // bytes of a line that has not ended yet

// Uses the same words as the other frontends. A plain client shows nothing else about the end.
std::string ended(const RunResult& result, const LimitsInForce& limits) {
  std::string text = "Ended: " + std::string(verdict_words(result.verdict));
  if (result.exit_code) text += ", exit code " + std::to_string(*result.exit_code);
  if (result.signal) text += ", " + signal_name(*result.signal);
  if (const auto limit = limit_words(result, limits); !limit.empty()) text += ", " + limit;
  for (const auto& remark : remarks(result)) text += ", " + remark;
  return text + ", " + format_duration(result.duration);
}

}  // namespace

void LogLines::send(std::string text, std::shared_ptr<void> hold) {
  connection_->notify("window/logMessage", {{"type", kLogType}, {"message", plain_lines(text)}}, std::move(hold));
}

void LogLines::add(Channel channel, std::string text, std::shared_ptr<void> hold) {
  std::string& partial = partial_[channel == Channel::err];
  partial += text;
  const auto end = partial.rfind('\n');
  if (end == std::string::npos) {
    if (partial.size() > kMaxPartial) send(std::exchange(partial, {}), std::move(hold));
    return;
  }
  std::string rest = partial.substr(end + 1);
  partial.resize(end);  // the client adds the line end
  send(std::exchange(partial, std::move(rest)), std::move(hold));
}

void LogLines::finish() {
  for (auto& partial : partial_)
    if (!partial.empty()) send(std::exchange(partial, {}), nullptr);
}

LspEventSink::LspEventSink(asio::any_io_executor executor, std::shared_ptr<rpc::Connection> connection,
                           bool dind_notifications, std::string run_id, std::string uri, std::string run_name,
                           std::shared_ptr<Progress> progress)
    : connection_(std::move(connection)),
      dind_notifications_(dind_notifications),
      run_id_(std::move(run_id)),
      uri_(std::move(uri)),
      name_(std::move(run_name)),
      progress_(std::move(progress)),
      lines_(dind_notifications ? nullptr : std::make_shared<LogLines>(connection_)),
      output_(OutputCoalescer::make(std::move(executor), [connection = connection_, lines = lines_, id = run_id_](
                                                             Channel channel, std::string text,
                                                             std::shared_ptr<void> hold) {
        if (lines)
          lines->add(channel, std::move(text), std::move(hold));
        else
          connection->notify("dind/output", {{"runId", id}, {"channel", to_string(channel)}, {"text", std::move(text)}},
                             std::move(hold));
      })) {}

void LspEventSink::say(const char* state, Json fields) {
  if (!dind_notifications_) return;
  fields["runId"] = run_id_;
  fields["uri"] = uri_;
  fields["state"] = state;
  connection_->notify("dind/run", std::move(fields));
}

void LspEventSink::log_line(const std::string& text) {
  if (!dind_notifications_) connection_->notify("window/logMessage", {{"type", kLogType}, {"message", escaped(text)}});
}

void LspEventSink::on_state(const StateChange& change) {
  if (const auto* queued = std::get_if<Queued>(&change)) {
    say("queued", state_fields(change));
    progress_->report("Waiting: " + std::to_string(queued->position) + " before it", std::nullopt);
  } else if (const auto* preparing = std::get_if<Preparing>(&change)) {
    say("preparing", state_fields(change));
    progress_->report(preparing->message, preparing->percent);
  } else if (const auto* started = std::get_if<Started>(&change)) {
    began_ = true;
    if (name_.empty()) name_ = started->name;
    limits_ = started->limits;
    say("started", state_fields(change));
    std::string notes;
    for (const auto& note : started->notes) notes += " (" + note + ")";
    log_line("Running " + started->name + " in " + started->image + notes);
    progress_->report("Running", std::nullopt);
  }
}

void LspEventSink::on_output(Channel channel, std::string_view bytes, OutputCredit credit) {
  output_->add(channel, bytes, std::move(credit));
}

void LspEventSink::finished(const Result<RunResult>& result) {
  output_->finish();
  if (lines_) lines_->finish();
  if (result) {
    Json value = result_json(*result);
    add_notes(value, *result);
    say("finished", {{"result", std::move(value)}});
    for (const auto& note : result->notes) log_line("Note: " + note);
    const auto end = ended(*result, limits_);
    log_line(end);
    // A plain client writes log messages to a place where nobody looks (I11).
    if (!dind_notifications_)
      connection_->notify(
          "window/showMessage",
          {{"type", kInfoType}, {"message", (name_.empty() ? "The program" : escaped(name_)) + ": " + end}});
    progress_->end(end);
  } else {
    say("finished", {{"error", {{"kind", dind::to_string(result.error().code)}, {"message", result.error().message}}}});
    log_line(result.error().message);
    progress_->end(result.error().message);
  }
}

}  // namespace dind::frontends::lsp
