
#include "services/engine_watcher.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kAnswerTime = 2s;
constexpr auto kPause = 1s;

}  // namespace

EngineWatcher::EngineWatcher(asio::any_io_executor executor, engine::Client& client)
    : executor_(std::move(executor)), client_(client) {}

Task<EngineStatus> EngineWatcher::look(Deadline deadline) {
  EngineStatus status{.reachable = false, .address = client_.endpoint().address, .version = {}, .message = {}};
  // Every call has its own deadline inside; the version is asked anew, since the engine may have been replaced.
  const auto version = co_await client_.version(deadline);
  if (version) {
    status.reachable = true;
    status.version = version->version;
  } else {
    status.message = version.error().message;
  }
  co_return status;
}

Task<void> EngineWatcher::watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) {
  Signal wake(executor_);
  const auto heard = cancel.on_cancel([&wake] { wake.notify(); });
  std::optional<EngineStatus> last;
  while (!cancel.cancelled()) {
    auto status = co_await look(in(kAnswerTime));
    if (cancel.cancelled()) co_return;
    if (!last || status != *last) on_change(status);
    last = std::move(status);
    if (last->reachable) {
      // Daemon events are rare: what we want of the stream is its end.
      const auto began = Clock::now();
      co_await client_.events({{"type", {"daemon"}}}, [](const engine::Event&) {}, cancel);
      if (Clock::now() - began > kPause) continue;
    }
    if (!cancel.cancelled()) co_await wake.wait(in(kPause));
  }
}

}  // namespace dind
