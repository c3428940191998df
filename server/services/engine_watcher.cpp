
#include "services/engine_watcher.hpp"

#include <optional>

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kEngineAnswerTime = 2s;
constexpr auto kPause = 1s;

}  // namespace

EngineWatcher::EngineWatcher(asio::any_io_executor executor, engine::Client& client)
    : executor_(std::move(executor)), client_(client) {}

struct EngineWatcher::Look {
  explicit Look(const asio::any_io_executor& executor) : answered(executor) {}
  Signal answered;
  std::optional<EngineStatus> status;
};

Task<EngineStatus> EngineWatcher::look(Deadline deadline) {
  auto look = look_.lock();
  // One connection to the engine for all who ask at once (S11).
  if (!look || look->status) {
    look = std::make_shared<Look>(executor_);
    look_ = look;
    spawn(executor_, "question whether the engine is there", ask(client_, look, deadline));
  }
  while (!look->status && co_await look->answered.wait(deadline)) {
  }
  if (look->status) co_return *look->status;
  const std::string& address = client_.endpoint().address;
  co_return EngineStatus{.reachable = false,
                         .address = address,
                         .version = {},
                         .message = "The engine at " + address + " has not answered in time"};
}

Task<void> EngineWatcher::ask(engine::Client& client, std::shared_ptr<Look> look, Deadline deadline) {
  EngineStatus status{.reachable = false, .address = client.endpoint().address, .version = {}, .message = {}};
  // Every call has its own deadline inside; the version is asked anew, since the engine may have been replaced.
  const auto version = co_await client.version(deadline);
  if (version) {
    status.reachable = true;
    status.version = version->version;
  } else {
    // Of the engine that says nothing: a run hears by itself that this process is busy (R09).
    status.reachable = version.error().code == ErrorCode::busy;
    status.message = version.error().message;
  }
  look->status = std::move(status);
  look->answered.notify();
}

Task<void> EngineWatcher::watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) {
  Signal wake(executor_);
  const auto heard = cancel.on_cancel([&wake] { wake.notify(); });
  std::optional<EngineStatus> last;
  while (!cancel.cancelled()) {
    auto status = co_await look(in(kEngineAnswerTime));
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
