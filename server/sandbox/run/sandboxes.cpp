#include "sandbox/run/sandboxes.hpp"

#include <algorithm>
#include <csignal>

#include "engine/reasons.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/run/missing_network.hpp"
#include "sandbox/run/silent_end.hpp"
#include "sandbox/run/verdict.hpp"
#include "sandbox/supervision/supervisor_connection.hpp"
#include "sandbox/workspace/planted_names.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kFirstWordTime = 30s;       // from the job until the program starts
constexpr auto kReportTime = 500ms;        // from the kill to the supervisor's report; then the run ends without one
constexpr auto kCancelReportTime = 200ms;  // the same after a cancel, when someone waits for the answer
constexpr auto kAnswerTime = 250ms;        // from a cancel to the answer
constexpr auto kSupervisorGrace = 750ms;   // server's deadline to the supervisor's; the tree must be dead after 1 s
constexpr auto kWarmNextAfter = 300ms;  // if a run lasts longer, a warm sandbox for the next one is started meanwhile
constexpr std::uint64_t kOutputSlack = 2 << 20;  // bytes that may be on their way beyond the supervisor's own cap
constexpr int kAttempts = 2;

Task<void> name_it(engine::Client& client, std::string id, std::string name) {
  if (const auto named = co_await client.rename_container(std::move(id), std::move(name), in(15s)); !named)
    log(LogLevel::debug, "A warm sandbox could not be renamed: " + named.error().message);
}

}  // namespace

// Lives as long as anything of the run does. The caller may be gone long before the container is.
struct Sandboxes::Run : std::enable_shared_from_this<Run> {
  Run(Sandboxes& h, RunPlan p, engine::Image i, std::string name, EventSink& s, std::shared_ptr<StdinPipe> in, Cancel c)
      : home(h),
        plan(std::move(p)),
        image(std::move(i)),
        image_name(std::move(name)),
        sink(&s),
        input(std::move(in)),
        cancel(std::move(c)),
        changed(h.executor_) {}

  Sandboxes& home;
  RunPlan plan;
  const std::string container =
      container_prefix(plan.run_id) + random_id(4);  // name for the first attempt; later attempts append to it
  const engine::Image image;
  const std::string image_name;
  EventSink* sink;  // null after the caller has its answer
  std::shared_ptr<StdinPipe> input;
  Cancel cancel;
  Signal changed;
  SandboxContext around;
  std::string sandbox_id;  // the engine's id of the container
  std::string isolation;   // as the engine reports it
  std::shared_ptr<SupervisorConnection> talk;
  OwnUsers::Lease user;  // no other sandbox gets it before the container is gone
  std::vector<std::string> notes;
  bool looked_again = false;  // the cause of the last failed start is already handled (look_again)
  std::optional<Result<RunResult>> outcome;

  static Task<void> drive(std::shared_ptr<Run> self, Removals::PendingRemoval removal, WarmPool::Claim claim);
  Task<std::optional<Result<RunResult>>> acquire_warm(WarmPool::Claim claim);
  Task<Result<RunResult>> attempt(Removals::PendingRemoval removal, std::string name, bool& worth_another);
  void take(const AttachedSandbox& sandbox) {
    sandbox_id = sandbox.id;
    isolation = sandbox.isolation;
    talk = sandbox.talk;
    user = sandbox.user;
    notes = sandbox.notes;
  }
  void send_job();
  bool ended_by_itself() const {
    return talk && talk->seen().report && talk->seen().report->cause == supervision::Cause::none;
  }
  // Podman starts a process to remove an ended container, and does not notice if this process fails.
  bool engine_removes_it() const { return ended_by_itself() && !home.client_.is_podman(); }
  Task<Result<RunResult>> follow(const AttachedSandbox& sandbox, bool& worth_another);
  Task<Result<RunResult>> outcome_without_report(const std::string& id, bool& worth_another);
  Stop reason_to_stop(Deadline deadline) const;
  std::vector<std::string> all_notes() const {
    auto all = plan.notes;
    all.insert(all.end(), notes.begin(), notes.end());
    return all;
  }
  RunResult blank() const;
  RunResult killed(Verdict verdict) const;
  Result<RunResult> conclude(Stop stop) const;
  void announce();

  void leave() {
    sink = nullptr;
    if (talk) talk->leave();
  }
};

RunResult Sandboxes::Run::blank() const {
  RunResult result;
  result.run_id = plan.run_id;
  result.image = image_name;
  result.image_id = image.id;
  if (!isolation.empty()) result.isolation = isolation;
  result.notes = all_notes();
  return result;
}

// The result of a run whose supervisor sent no exit report.
RunResult Sandboxes::Run::killed(Verdict verdict) const {
  const auto& seen = talk->seen();
  RunResult result = blank();
  result.verdict = verdict;
  result.signal = SIGKILL;
  result.oom_seen = verdict == Verdict::out_of_memory;
  result.dropped_bytes = seen.dropped_bytes;
  if (seen.began) result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *seen.began);
  result.stdout_bytes = seen.out_bytes;
  result.stderr_bytes = seen.err_bytes;
  return result;
}

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
  const bool gvisor = isolation == dind::to_string(Isolation::gvisor);
  talk->assign(
      job_frames(plan, {.deadline_ms = static_cast<std::uint64_t>(deadline.count()),
                        .output_cap = static_cast<std::uint64_t>(plan.limits.output_bytes),
                        .output_window = SupervisorConnection::kOutputWindow,
                        .token = talk->token(),
                        .max_tasks = gvisor ? static_cast<std::uint32_t>(plan.limits.pids) : 0}),
      [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->announce();
      },
      *sink, input);
}

Stop Sandboxes::Run::reason_to_stop(Deadline deadline) const {
  if (cancel.cancelled()) return Stop::cancelled;
  if (Clock::now() >= deadline) return Stop::timeout;
  const auto& seen = talk->seen();
  if (seen.out_bytes + seen.err_bytes > static_cast<std::uint64_t>(plan.limits.output_bytes) + kOutputSlack)
    return Stop::output_limit;
  return Stop::none;
}

Result<RunResult> Sandboxes::Run::conclude(Stop stop) const {
  const auto& seen = talk->seen();
  // The program had ended by itself before the kill arrived.
  if (seen.report && seen.report->cause == supervision::Cause::none) stop = Stop::none;
  const auto with_reason = [&](RunResult result) {
    if (stop == Stop::cancelled) result.cancel_reason = cancel.reason();
    if (result.verdict == Verdict::failed || result.verdict == Verdict::timeout)
      for (auto& note : {missing_network_note(plan), hidden_content_note(plan)})
        if (!note.empty()) result.notes.push_back(note);
    return result;
  };
  if (seen.report) {
    if (seen.report->how == supervision::How::exec_failed) {
      if (stop == Stop::cancelled) return fail(ErrorCode::cancelled, "The run was cancelled");
      return std::unexpected(not_executable(plan, image_name, static_cast<int>(seen.report->code), seen.detail));
    }
    RunResult result = blank();
    result.dropped_bytes = seen.dropped_bytes;
    judge(*seen.report, stop, result);
    for (auto& note : {full_disk_note(*seen.report, plan.limits, result.verdict, seen.detail),
                       left_files_note(seen.left, plan.terms)})
      if (!note.empty()) result.notes.push_back(note);
    return with_reason(std::move(result));
  }
  RunResult result = killed(stop == Stop::cancelled      ? Verdict::cancelled
                            : stop == Stop::output_limit ? Verdict::output_limit
                                                         : Verdict::timeout);
  result.notes.push_back("the sandbox sent no exit report; CPU time and memory are not known");
  return with_reason(std::move(result));
}

Task<Result<RunResult>> Sandboxes::Run::outcome_without_report(const std::string& id, bool& worth_another) {
  const auto& seen = talk->seen();
  const bool reset = seen.error && seen.error->code == ErrorCode::engine_unavailable;
  const auto lost = [&](Loss loss) {
    const auto doing = !seen.began ? LostWhile::starting : plan.installs ? LostWhile::installing : LostWhile::running;
    return std::unexpected(lost_sandbox(loss, home.client_.endpoint().address, doing));
  };
  if (!seen.ready && (!seen.error || reset)) {
    worth_another = true;
    const auto end = co_await home.client_.container_end(sandbox_id, in(2s));
    if (!end && end.error().code == ErrorCode::engine_unavailable) co_return std::unexpected(end.error());
    if (reset || (end && lease_is_over(*end))) co_return lost(Loss::connection);
    co_return fail(ErrorCode::engine_error, early_end(end.value_or(engine::ContainerEnd{}), seen.complaint));
  }
  const auto state = co_await home.client_.inspect_container(id, in(2s));
  // The container may be removed already (AutoRemove). Then its last events are read.
  engine::ContainerEnd end{.out_of_memory = state && state->oom_killed};
  if ((seen.ended || reset) && !end.out_of_memory)
    end = (co_await home.client_.container_end(sandbox_id, in(2s))).value_or(engine::ContainerEnd{});
  if (const auto judged = judge_silent_end({.gvisor = isolation == dind::to_string(Isolation::gvisor),
                                            .began = seen.began.has_value(),
                                            .stream_ended = seen.ended,
                                            .stream_broke = seen.error.has_value() && !reset,
                                            .memory_short = seen.memory_short,
                                            .end = end})) {
    RunResult result = killed(judged->verdict);
    if (!judged->note.empty()) result.notes.push_back(judged->note);
    co_return result;
  }
  if (seen.error && !reset) co_return std::unexpected(*seen.error);
  if (!state && state.error().code == ErrorCode::engine_unavailable) co_return lost(Loss::engine);
  if (lease_is_over(end) || (state && state->running && !end.died)) co_return lost(Loss::connection);
  co_return lost(Loss::removed);
}

// Drives a run from its job to its verdict.
Task<Result<RunResult>> Sandboxes::Run::follow(const AttachedSandbox& sandbox, bool& worth_another) {
  const auto& seen = talk->seen();
  if (cancel.cancelled() || sink == nullptr) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  const auto heard = cancel.on_cancel([conversation = std::weak_ptr(talk)] {
    if (const auto open = conversation.lock()) open->changed().notify();
  });
  send_job();
  const Deadline ready_by = in(kFirstWordTime);
  while (!seen.began && !seen.report && !seen.ended && !seen.error && !cancel.cancelled()) {
    if (!co_await talk->changed().wait(ready_by) && Clock::now() >= ready_by) {
      co_return fail(ErrorCode::engine_error, "The sandbox did not become ready within 30 s; the engine at " +
                                                  home.client_.endpoint().address + " may be overloaded");
    }
  }
  Stop stop = cancel.cancelled() ? Stop::cancelled : Stop::none;
  if (seen.began) {
    const Deadline deadline = *seen.began + plan.limits.timeout;
    const Deadline is_long = *seen.began + kWarmNextAfter;
    bool wanted = false;
    while (!seen.report && !seen.ended && !seen.error && (stop = reason_to_stop(deadline)) == Stop::none) {
      co_await talk->changed().wait(std::min(deadline, wanted ? in(1s) : is_long));
      if (!wanted && Clock::now() >= is_long) {
        wanted = true;
        home.prestarted_.want(plan, around);
        // People who list the engine's containers then see which run has this one.
        if (sandbox.name != container)
          spawn(home.executor_, "the name of " + container, name_it(home.client_, sandbox.id, container));
      }
    }
  }
  if (seen.report) co_return conclude(Stop::none);
  if (stop == Stop::none) co_return co_await outcome_without_report(sandbox.id, worth_another);
  if (!seen.began && stop == Stop::cancelled) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  talk->kill();
  const Deadline patience = in(stop == Stop::cancelled ? kCancelReportTime : kReportTime);
  while (!seen.report && !seen.ended && !seen.error)
    if (!co_await talk->changed().wait(patience)) break;
  co_return conclude(stop);
}

Task<Result<RunResult>> Sandboxes::Run::attempt(Removals::PendingRemoval removal, std::string name,
                                                bool& worth_another) {
  auto hold = home.prestarted_.hold();
  auto made = co_await home.preparation_.attach(plan, around, std::move(removal), std::move(name), cancel);
  if (!made) co_return std::unexpected(made.error());
  take(*made);
  if (cancel.cancelled() || sink == nullptr) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  if (const auto started = co_await home.preparation_.start(*made, plan, around); !started) {
    const auto& why = started.error().message;
    // The sandbox ended before its egress filter could join its network.
    if (engine::network_has_ended(why)) co_return co_await outcome_without_report(made->id, worth_another);
    // An engine in a user namespace that it does not report has no such user.
    const bool user_refused = made->user && engine::user_is_unmapped(why);
    looked_again = user_refused || why.contains("dind-etc-");
    worth_another = looked_again || supervisor_is_missing(started.error());
    if (worth_another) home.preparation_.look_again(user_refused);
    co_return std::unexpected(started.error());
  }
  hold.reset();
  auto result = co_await follow(*made, worth_another);
  if (engine_removes_it()) made->removal.expect_auto_remove();
  co_return result;
}

// nullopt: the warm sandbox could not be used, or ended before the program started. The run can be tried again.
Task<std::optional<Result<RunResult>>> Sandboxes::Run::acquire_warm(WarmPool::Claim claim) {
  const auto made = co_await home.prestarted_.taken(std::move(claim), cancel);
  if (!made) {
    if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");
    co_return std::nullopt;
  }
  made->removal.rename(container, made->id);
  log(LogLevel::debug, "Uses the warm sandbox " + made->name, plan.run_id);
  take(*made);
  bool worth_another = false;
  auto result = co_await follow(*made, worth_another);
  if (engine_removes_it()) made->removal.expect_auto_remove();
  const auto& seen = talk->seen();
  // The program may have started unseen. If it could have changed something lasting, it is not started again.
  const bool lasting = plan.workspace == WorkspaceAccess::read_write || plan.network == Network::internet;
  if (result || cancel.cancelled() || seen.began || seen.report || input || lasting || !(seen.ended || seen.error))
    co_return result;
  log(LogLevel::info, "The sandbox " + made->name + " ended before the program started; another one is created",
      plan.run_id);
  talk->close();
  talk.reset();
  co_return std::nullopt;
}

Task<void> Sandboxes::Run::drive(std::shared_ptr<Run> self, Removals::PendingRemoval removal, WarmPool::Claim claim) {
  Result<RunResult> result = fail(ErrorCode::internal, "The run was not started");
  const auto planted = PlantedWatch::begin(self->home.executor_, self->home.work_,
                                           with_root(self->home.workspace_, self->plan.workspace_root), self->plan);
  std::optional<Result<RunResult>> early;
  if (claim) {
    early = co_await self->acquire_warm(std::move(claim));
    if (!early) removal = self->home.removals_.expect_container(self->container);
  }
  if (early) result = std::move(*early);
  for (int i = 0; !early && i < kAttempts; ++i) {
    bool worth_another = false;
    const std::string name = self->container + (i == 0 ? "" : "." + std::to_string(i));
    if (i > 0) removal = self->home.removals_.expect_container(name);
    result = co_await self->attempt(std::move(removal), name, worth_another);
    if (result || !worth_another || self->cancel.cancelled() || i + 1 == kAttempts) break;
    log(LogLevel::info, "A sandbox did not start (" + result.error().message + "); looking at the supervisor's volume",
        self->plan.run_id);
    self->talk->close();
    self->talk.reset();
    if (std::exchange(self->looked_again, false)) continue;  // the cause was another one, and is fixed
    // If the supervisor is there now, another process may have put it there after this attempt failed: try again.
    if (!co_await self->home.fixtures_.repair_supervisor(in(kCreateTime))) break;
  }
  if (planted) {
    const auto notes = co_await planted->finish();
    if (result) result->notes.insert(result->notes.end(), notes.begin(), notes.end());
  }
  self->outcome = std::move(result);
  self->changed.notify();
  if (*self->outcome) self->home.prestarted_.want(self->plan, self->around);
  // The stream is drained until the container is gone: see SupervisorConnection.
  co_await self->home.removals_.wait_removed(self->container, in(60s));
  if (planted && !self->ended_by_itself()) co_await planted->sweep();
  if (self->talk) self->talk->close();
}

Sandboxes::Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace)
    : executor_(std::move(executor)),
      client_(client),
      owner_(std::move(owner)),
      workspace_(std::move(workspace)),
      adopts_(workspace_.engine_path.empty() && workspace_.path.empty()),
      removals_(executor_, client),
      fixtures_(client, removals_, owner_),
      preparation_(executor_, client, removals_, fixtures_, workspace_),
      prestarted_(executor_, preparation_, removals_),
      work_(executor_) {}

Task<Result<RunResult>> Sandboxes::run(RunPlan plan, engine::Image image, std::string image_name, EventSink& sink,
                                       std::shared_ptr<StdinPipe> input, Cancel cancel) {
  const auto run = std::make_shared<Run>(*this, std::move(plan), std::move(image), std::move(image_name), sink,
                                         std::move(input), cancel);
  auto user = co_await settle(run->plan, run->image, cancel);
  if (!user) co_return std::unexpected(user.error());
  run->around = surroundings(run->plan, run->image, std::move(*user));
  std::optional<Deadline> answer_by;
  const auto heard = cancel.on_cancel([weak = std::weak_ptr(run), &answer_by] {
    answer_by = in(kAnswerTime);
    if (const auto self = weak.lock()) self->changed.notify();
  });
  auto claim = prestarted_.claim(run->plan, run->around);
  ++(claim ? taken_warm_ : made_cold_);
  sink.on_state(Preparing{.stage = Stage::container,
                          .message = claim ? "Taking a warm sandbox" : "Creating the sandbox",
                          .percent = std::nullopt});
  auto removal = claim ? Removals::PendingRemoval() : removals_.expect_container(run->container);
  spawn(executor_, "run " + run->plan.run_id, Run::drive(run, std::move(removal), std::move(claim)));
  while (!run->outcome) {
    const bool began = run->talk && run->talk->seen().began;
    if (answer_by && (!began || Clock::now() >= *answer_by)) break;
    co_await run->changed.wait(answer_by.value_or(Deadline::max()));
  }
  run->leave();
  if (run->outcome) co_return std::move(*run->outcome);
  if (run->talk && run->talk->seen().began) co_return run->conclude(Stop::cancelled);
  co_return fail(ErrorCode::cancelled, "The run was cancelled before the program began");
}

}  // namespace dind::sandbox
