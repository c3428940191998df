// Acquires a sandbox for a run: a warm one, or a new one, and another one if the first does not start.
#include "engine/reasons.hpp"
#include "sandbox/network/internet_network.hpp"
#include "sandbox/run/sandbox_run.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr int kMaxColdAttempts = 2;

Attempt cancelled_attempt() { return {.result = fail(ErrorCode::cancelled, "The run was cancelled")}; }

}  // namespace

Task<Sandboxes::Run::Acquired> Sandboxes::Run::acquire_warm(WarmPool::Claim claim) {
  auto sandbox = co_await home.warm_pool_.wait_claimed(std::move(claim), cancel);
  if (!sandbox) {
    if (cancel.cancelled()) co_return std::unexpected(cancelled_attempt());
    co_return std::unexpected(
        Attempt{.result = fail(ErrorCode::engine_error, "The warm sandbox did not start"), .retry = Retry::at_once});
  }
  sandbox->removal.rename(container, sandbox->id);
  log(LogLevel::debug, "Uses the warm sandbox " + sandbox->name, plan.run_id);
  use(*sandbox);
  co_return Acquired(std::move(sandbox));
}

Task<Sandboxes::Run::Acquired> Sandboxes::Run::acquire_cold(Removals::PendingRemoval removal, std::string name) {
  const auto pause = home.warm_pool_.pause();
  auto made = co_await home.starter_.attach(plan, context, std::move(removal), std::move(name), cancel);
  if (!made) {
    const bool retry = internet_network_is_missing(made.error());
    if (retry) home.starter_.look_again(false);
    co_return std::unexpected(
        Attempt{.result = std::unexpected(made.error()), .retry = retry ? Retry::at_once : Retry::none});
  }
  auto sandbox = std::make_unique<AttachedSandbox>(std::move(*made));
  use(*sandbox);
  if (cancel.cancelled() || sink == nullptr) co_return std::unexpected(cancelled_attempt());
  const auto started = co_await home.starter_.start(*sandbox, plan, context);
  if (started) co_return Acquired(std::move(sandbox));
  const auto failure = classify_start_failure(started.error(), static_cast<bool>(sandbox->user));
  if (failure.network_ended) co_return std::unexpected(co_await end_without_report(sandbox->id));
  if (failure.retry != Retry::none) home.starter_.look_again(failure.user_refused);
  co_return std::unexpected(Attempt{.result = std::unexpected(started.error()), .retry = failure.retry});
}

Task<Attempt> Sandboxes::Run::attempt_warm(WarmPool::Claim claim) {
  auto sandbox = co_await acquire_warm(std::move(claim));
  if (!sandbox) co_return std::move(sandbox.error());
  auto attempt = co_await drive(**sandbox);
  if (engine_removes_it()) (*sandbox)->removal.expect_auto_remove();
  attempt.retry = Retry::none;
  if (attempt.result || cancel.cancelled() || !may_restart(plan, connection->state(), input != nullptr))
    co_return attempt;
  log(LogLevel::info,
      "The warm sandbox " + (*sandbox)->name + " ended before the program started; another one is created",
      plan.run_id);
  attempt.retry = Retry::at_once;
  close_connection();
  co_return attempt;
}

Task<Attempt> Sandboxes::Run::attempt_cold(Removals::PendingRemoval removal, std::string name) {
  auto sandbox = co_await acquire_cold(std::move(removal), std::move(name));
  if (!sandbox) co_return std::move(sandbox.error());
  auto attempt = co_await drive(**sandbox);
  if (engine_removes_it()) (*sandbox)->removal.expect_auto_remove();
  co_return attempt;
}

Task<Result<RunResult>> Sandboxes::Run::attempt_all(Removals::PendingRemoval removal, WarmPool::Claim claim) {
  if (claim) {
    auto warm = co_await attempt_warm(std::move(claim));
    if (warm.retry == Retry::none) co_return std::move(warm.result);
    removal = home.removals_.expect_container(container);
  }
  for (int i = 0;; ++i) {
    const std::string name = container + (i == 0 ? "" : "." + std::to_string(i));
    if (i > 0) removal = home.removals_.expect_container(name);
    auto cold = co_await attempt_cold(std::move(removal), name);
    if (cold.result || cold.retry == Retry::none || cancel.cancelled() || i + 1 == kMaxColdAttempts)
      co_return std::move(cold.result);
    log(LogLevel::info, "A sandbox did not start (" + cold.result.error().message + "); trying another one",
        plan.run_id);
    close_connection();
    // If the supervisor is there now, another process may have put it there after this attempt failed: try again.
    if (cold.retry == Retry::after_repair && !co_await home.resources_.repair_supervisor(in(kCreateTime)))
      co_return std::move(cold.result);
  }
}

}  // namespace dind::sandbox
