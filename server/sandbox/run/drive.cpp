// Drives the job of a run in its sandbox, from the supervisor's first frame to the outcome.
#include <algorithm>
#include <csignal>

#include "sandbox/run/sandbox_run.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kStartTime = 30s;           // from the job until the program starts
constexpr auto kReportTime = 500ms;        // from the kill to the supervisor's report; then the run ends without one
constexpr auto kCancelReportTime = 200ms;  // the same after a cancel, when someone waits for the reply
constexpr auto kSupervisorGrace = 750ms;   // server's deadline to the supervisor's; the tree must be dead after 1 s
constexpr auto kWarmNextAfter = 300ms;  // if a run lasts longer, a warm sandbox for the next one is started meanwhile
constexpr auto kEngineTime = 2s;        // for the engine to say how a container ended
constexpr std::uint64_t kOutputSlack = 2 << 20;  // bytes that may be on their way beyond the supervisor's own cap

Task<void> rename_container(engine::Client& client, std::string id, std::string name) {
  if (const auto named = co_await client.rename_container(std::move(id), std::move(name), in(15s)); !named)
    log(LogLevel::debug, "A warm sandbox could not be renamed: " + named.error().message);
}

}  // namespace

void Sandboxes::Run::announce() {
  if (sink == nullptr) return;
  sink->on_state(Started{.run_id = plan.run_id,
                         .name = plan.name,
                         .language = plan.language,
                         .image = image_name,
                         .isolation = isolation,
                         .limits = plan.limits,
                         .network = plan.network,
                         .notes = all_notes(),
                         .container_id = sandbox_id});
}

void Sandboxes::Run::send_job() {
  const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(plan.limits.timeout + kSupervisorGrace);
  const bool gvisor = facts().gvisor();
  connection->send_job(
      job_frames(plan, {.deadline_ms = static_cast<std::uint64_t>(deadline.count()),
                        .output_cap = static_cast<std::uint64_t>(plan.limits.output_bytes),
                        .output_window = SupervisorConnection::kOutputWindow,
                        .token = connection->token(),
                        .max_tasks = gvisor ? static_cast<std::uint32_t>(plan.limits.pids) : 0}),
      [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->announce();
      },
      *sink, input);
}

PhaseInput Sandboxes::Run::look(Deadline deadline) const {
  const auto& state = connection->state();
  const auto max_output = static_cast<std::uint64_t>(plan.limits.output_bytes) + kOutputSlack;
  return {.started = state.started.has_value(),
          .reported = state.report.has_value(),
          .lost = state.ended || state.error.has_value(),
          .cancelled = cancel.cancelled(),
          .flooded = state.out_bytes + state.err_bytes > max_output,
          .timed_out = Clock::now() >= deadline};
}

Task<PhaseState> Sandboxes::Run::await_end(const AttachedSandbox& sandbox) {
  const auto& state = connection->state();
  PhaseState now;
  Deadline deadline = in(kStartTime);
  std::optional<Deadline> warm_next;  // set while the program runs, until the next sandbox is requested
  while (now.phase != Phase::ended) {
    const auto next = next_phase(now, look(deadline));
    if (next == now) {
      const bool running = now.phase == Phase::running;
      co_await connection->changed().wait(running ? std::min(deadline, warm_next ? *warm_next : in(1s)) : deadline);
      if (!running || !warm_next || Clock::now() < *warm_next) continue;
      warm_next.reset();
      home.warm_pool_.request(plan, context);
      // People who list the engine's containers then see which run has this one.
      if (sandbox.name != container)
        spawn(home.executor_, "the name of " + container, rename_container(home.client_, sandbox.id, container));
      continue;
    }
    now = next;
    if (now.phase == Phase::running) {
      deadline = *state.started + plan.limits.timeout;
      warm_next = *state.started + kWarmNextAfter;
    } else if (now.phase == Phase::stopping) {
      connection->kill();
      deadline = in(now.stop == Stop::cancelled ? kCancelReportTime : kReportTime);
    }
  }
  co_return now;
}

Task<Attempt> Sandboxes::Run::drive(const AttachedSandbox& sandbox) {
  if (cancel.cancelled() || sink == nullptr)
    co_return Attempt{.result = fail(ErrorCode::cancelled, "The run was cancelled")};
  const auto subscription = cancel.on_cancel([weak = std::weak_ptr(connection)] {
    if (const auto open = weak.lock()) open->changed().notify();
  });
  send_job();
  const auto ended = co_await await_end(sandbox);
  switch (ended.end) {
    case End::lost:
      co_return co_await end_without_report(sandbox.id);
    case End::cancelled:
      co_return Attempt{.result = fail(ErrorCode::cancelled, "The run was cancelled")};
    case End::not_ready:
      co_return Attempt{
          .result = fail(ErrorCode::engine_error, "The sandbox did not become ready within 30 s; the engine at " +
                                                      home.client_.endpoint().address + " may be overloaded")};
    case End::none:
    case End::reported:
    case End::stopped:
      break;
  }
  co_return Attempt{.result = outcome(facts(), ended.stop)};
}

Task<Attempt> Sandboxes::Run::end_without_report(std::string id) {
  if (ended_before_ready(connection->state())) {
    const auto end = co_await home.client_.container_end(sandbox_id, in(kEngineTime));
    co_return Attempt{.result = std::unexpected(early_end_error(facts(), end)), .retry = Retry::after_repair};
  }
  const auto container_state = co_await home.client_.inspect_container(id, in(kEngineTime));
  // The container may be removed already (AutoRemove). Then its last events are read.
  const auto& state = connection->state();
  engine::ContainerEnd end{.out_of_memory = container_state && container_state->oom_killed};
  if ((state.ended || connection_broke(state)) && !end.out_of_memory)
    end = (co_await home.client_.container_end(sandbox_id, in(kEngineTime))).value_or(engine::ContainerEnd{});
  co_return Attempt{.result = outcome_without_report(facts(), container_state, end)};
}

}  // namespace dind::sandbox
