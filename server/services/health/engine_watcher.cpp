
#include "services/health/engine_watcher.hpp"

#include <optional>

#include "support/async/until.hpp"

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
  // Callers that ask at the same time share one connection to the engine (S11).
  if (!look || look->status) {
    look = std::make_shared<Look>(executor_);
    look_ = look;
    spawn(executor_, "check of the engine", ask(client_, look, deadline));
  }
  if (co_await until(look->answered, [&] { return look->status.has_value(); }, deadline)) co_return *look->status;
  const std::string& address = client_.endpoint().address;
  co_return EngineStatus{.reachable = false,
                         .address = address,
                         .version = {},
                         .message = "The engine at " + address + " has not answered in time"};
}

Task<void> EngineWatcher::ask(engine::Client& client, std::shared_ptr<Look> look, Deadline deadline) {
  EngineStatus status{.reachable = false, .address = client.endpoint().address, .version = {}, .message = {}};
  // Ask for the version each time, because the engine may have been replaced. `deadline` bounds the call.
  const auto version = co_await client.version(deadline);
  if (version) {
    status.reachable = true;
    status.version = version->version;
  } else {
    // Error busy says nothing about the engine: this process is busy. A run gets this error by itself (R09).
    status.reachable = version.error().code == ErrorCode::busy;
    status.message = version.error().message;
  }
  look->status = std::move(status);
  look->answered.notify();
}

Task<void> EngineWatcher::watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) {
  std::optional<EngineStatus> last;
  while (!cancel.cancelled()) {
    auto status = co_await look(in(kEngineAnswerTime));
    if (cancel.cancelled()) co_return;
    if (!last || status != *last) on_change(status);
    last = std::move(status);
    if (last->reachable) {
      // Daemon events are rare. Only the end of the stream matters here.
      const auto began = Clock::now();
      co_await client_.events({{"type", {"daemon"}}}, [](const engine::Event&) {}, cancel);
      if (Clock::now() - began > kPause) continue;
    }
    co_await sleep_for(kPause, cancel);
  }
}

}  // namespace dind
