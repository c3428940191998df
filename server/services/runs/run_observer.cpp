#include "services/runs/run_observer.hpp"

#include <exception>
#include <string>

#include "support/log/log.hpp"

namespace dind {

template <typename Tell>
void ObservedSink::tell(Tell tell) {
  for (auto& each : observers_) {
    try {
      tell(*each.observer);
    } catch (const std::exception& e) {
      if (!each.failed)
        log(LogLevel::error, std::string("The run goes on, but a part that observes it failed: ") + e.what(), run_id_);
      each.failed = true;
    }
  }
}

void ObservedSink::add(std::unique_ptr<RunObserver> observer) {
  if (observer) observers_.push_back({std::move(observer)});
}

void ObservedSink::on_state(const StateChange& change) {
  tell([&](RunObserver& observer) { observer.on_state(change); });
  sink_.on_state(change);
}

void ObservedSink::on_output(Channel channel, std::string_view bytes, OutputCredit credit) {
  tell([&](RunObserver& observer) { observer.on_output(channel, bytes); });
  sink_.on_output(channel, bytes, std::move(credit));
}

void ObservedSink::on_end(const Result<RunResult>& result) {
  tell([&](RunObserver& observer) { observer.on_end(result); });
}

void ObservedSink::on_exception(std::string_view what) {
  tell([&](RunObserver& observer) { observer.on_exception(what); });
}

}  // namespace dind
