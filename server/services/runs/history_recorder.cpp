#include "services/runs/history_recorder.hpp"

#include <algorithm>

#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"
#include "support/unix_time.hpp"

namespace dind {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxTextLength = 4096;
constexpr std::size_t kMaxVariables = 1000;
constexpr std::size_t kMaxVariableBytes = 1U << 20;

// Checked before anything searches them for secrets, because the search takes time for each variable (S05).
Result<void> check_size(const std::map<std::string, std::string>& variables, const std::string& what,
                        const std::string& remedy) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : variables) bytes += name.size() + value.size();
  if (variables.size() <= kMaxVariables && bytes <= kMaxVariableBytes) return {};
  return fail(ErrorCode::invalid_request, "A run may have " + std::to_string(kMaxVariables) + " " + what + " of " +
                                              format_bytes(kMaxVariableBytes) + " in all, not " +
                                              std::to_string(variables.size()) + " of " +
                                              format_bytes(static_cast<std::int64_t>(bytes)) + ". " + remedy);
}

Result<void> check_sizes(const RunSpec& spec) {
  if (auto small = check_size(spec.env, "environment variables", "Put the data into a file or stdin"); !small)
    return small;
  const auto* build = std::get_if<BuildProgram>(&spec.program);
  if (build == nullptr) return {};
  return check_size(build->arguments, "build arguments", "Put the data into a file of the context");
}

// Passes on all events, and collects what the history keeps.
class Tee final : public EventSink {
 public:
  Tee(EventSink& sink, History& history, const Secrets& secrets, std::string id)
      : sink_(sink), history_(history), secrets_(secrets), id_(std::move(id)), out_(secrets), err_(secrets) {}

  void on_state(const StateChange& change) override {
    if (const auto* started = std::get_if<Started>(&change)) {
      history_.started(id_, {.name = shortened(secrets_.masked(started->name), kMaxTextLength),
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
      for (auto& note : end.result->notes) note = shortened(without_credentials(secrets_.masked(note)), kMaxTextLength);
    } else {
      end.error = result.error();
      end.error->message = shortened(without_credentials(secrets_.masked(end.error->message)), kMaxTextLength);
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

Task<Result<RunResult>> HistoryRecorder::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                             Cancel cancel) {
  if (auto small = check_sizes(spec); !small) {
    log(LogLevel::info, "not run: invalid_request: " + small.error().message, spec.run_id.value_or(""));
    co_return std::unexpected(small.error());
  }
  if (!spec.record) co_return co_await runs_.run(std::move(spec), sink, std::move(input), std::move(cancel));
  const Secrets secrets = secrets_of(spec);
  auto record = new_record(spec, secrets, frontend_);
  if (!spec.run_id) spec.run_id = record.run_id;
  Tee tee(sink, history_, secrets, record.id);
  history_.began(std::move(record));
  Result<RunResult> result =
      fail(ErrorCode::internal, "The run ended with an exception: this is a bug in dind-executor");
  try {
    result = co_await runs_.run(std::move(spec), tee, std::move(input), std::move(cancel));
  } catch (...) {
    tee.finish(result);
    throw;
  }
  tee.finish(result);
  co_return result;
}

Task<bool> HistoryRecorder::wait_all_removed(Deadline deadline) {
  const bool idle = co_await runs_.wait_all_removed(deadline);
  co_await history_.written(std::min(std::max(deadline, in(500ms)), in(3s)));
  co_return idle;
}

Task<bool> HistoryRecorder::wait_all_removed_but_auto(Deadline deadline) {
  const bool settled = co_await runs_.wait_all_removed_but_auto(deadline);
  co_await history_.written(std::min(std::max(deadline, in(500ms)), in(3s)));
  co_return settled;
}

}  // namespace dind
