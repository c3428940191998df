#include "services/runs/history_recorder.hpp"

#include <algorithm>

#include "support/clock.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxTextLength = 4096;

}  // namespace

HistoryRecorder::HistoryRecorder(History& history, const RunSpec& spec)
    : history_(history), secrets_(secret_mask(spec)), out_(secrets_), err_(secrets_) {
  auto record = new_record(spec, secrets_, spec.caller.frontend);
  record_id_ = record.id;
  history_.began(std::move(record));
}

void HistoryRecorder::on_state(const StateChange& change) {
  const auto* started = std::get_if<Started>(&change);
  if (started == nullptr) return;
  history_.started(record_id_, {.name = shortened(secrets_.masked(started->name), kMaxTextLength),
                                .language = started->language,
                                .image = started->image,
                                .limits = started->limits,
                                .network = started->network});
}

void HistoryRecorder::on_output(Channel channel, std::string_view bytes) {
  (channel == Channel::out ? out_ : err_).add(bytes);
}

void HistoryRecorder::on_end(const Result<RunResult>& result) {
  HistoryEnd end{.ended = unix_now_ms(), .out = out_.take(), .err = err_.take()};
  const auto kept = [&](const std::string& text) {
    return shortened(without_credentials(secrets_.masked(text)), kMaxTextLength);
  };
  if (result) {
    end.result = *result;
    for (auto& note : end.result->notes) note = kept(note);
  } else {
    end.error = result.error();
    end.error->message = kept(end.error->message);
  }
  history_.ended(record_id_, std::move(end));
}

void HistoryRecorder::on_exception(std::string_view) {
  on_end(fail(ErrorCode::internal, "The run ended with an exception: this is a bug in dind-executor"));
}

}  // namespace dind
