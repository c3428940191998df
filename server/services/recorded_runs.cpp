#include "services/recorded_runs.hpp"

#include <algorithm>

#include "support/ids.hpp"
#include "support/shortened.hpp"

namespace dind {
namespace {

using namespace std::chrono_literals;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr std::size_t kLongestText = 4096;

// Passes everything on, and keeps what the history keeps.
class Tee final : public EventSink {
 public:
  Tee(EventSink& sink, History& history, const Secrets& secrets, std::string id)
      : sink_(sink), history_(history), secrets_(secrets), id_(std::move(id)), out_(secrets), err_(secrets) {}

  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) {
      history_.started(id_, {.name = shortened(secrets_.masked(started->name), kLongestText),
                             .language = started->language,
                             .image = started->image,
                             .limits = started->limits,
                             .network = started->network});
    }
    sink_.on_state(change);
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    (channel == Channel::out ? out_ : err_).add(bytes);
    sink_.on_output(channel, bytes, std::move(credit));
  }

  void finish(const Result<RunResult>& result) {
    HistoryEnd end{.ended = now_ms(), .out = out_.take(), .err = err_.take()};
    if (result) {
      end.result = *result;
      for (auto& note : end.result->notes) note = shortened(without_credentials(secrets_.masked(note)), kLongestText);
    } else {
      end.error = result.error();
      end.error->message = shortened(without_credentials(secrets_.masked(end.error->message)), kLongestText);
    }
    history_.ended(id_, std::move(end));
  }

 private:
  EventSink& sink_;
  History& history_;
  const Secrets& secrets_;
  const std::string id_;
  OutputKeeper out_, err_;
};

}  // namespace

Task<Result<RunResult>> RecordedRuns::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                          Cancel cancel) {
  const Secrets secrets(spec.env);
  auto record = new_record(spec, secrets, face_);
  if (!spec.run_id) spec.run_id = record.run_id;
  Tee tee(sink, history_, secrets, record.id);
  history_.began(std::move(record));
  Result<RunResult> result = fail(ErrorCode::internal, "The run ended with an exception: a bug of ours");
  try {
    result = co_await runs_.run(std::move(spec), tee, std::move(input), std::move(cancel));
  } catch (...) {
    tee.finish(result);
    throw;
  }
  tee.finish(result);
  co_return result;
}

Task<bool> RecordedRuns::idle(Deadline deadline) {
  const bool idle = co_await runs_.idle(deadline);
  co_await history_.written(std::min(std::max(deadline, in(500ms)), in(3s)));
  co_return idle;
}

Task<bool> RecordedRuns::settled(Deadline deadline) {
  const bool settled = co_await runs_.settled(deadline);
  co_await history_.written(std::min(std::max(deadline, in(500ms)), in(3s)));
  co_return settled;
}

}  // namespace dind
