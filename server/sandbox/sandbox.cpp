#include "sandbox/sandbox.hpp"

#include <cstring>

#include "engine/text.hpp"
#include "sandbox/conversation.hpp"
#include "sandbox/fence.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/verdict.hpp"
#include "sandbox/workspace_guard.hpp"
#include "support/ids.hpp"
#include "support/log.hpp"
#include "support/units.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kCreateTime = 60s;  // the engine may have to unpack an image
constexpr auto kCallTime = 15s;
constexpr auto kReadyTime = 30s;          // from start to the supervisor's first word
constexpr auto kReportTime = 200ms;       // from our kill to the supervisor's report; then it ends without one
constexpr auto kAnswerTime = 250ms;       // from a cancel to our answer
constexpr auto kSupervisorGrace = 750ms;  // its deadline comes after ours; the tree is to be dead by ours + 1 s
constexpr auto kRemovalGrace = 300s;      // from a run's latest end to the moment when anybody may remove what is left
constexpr std::uint64_t kOutputSlack = 2 << 20;  // what may be on its way past the supervisor's own cap
constexpr int kAttempts = 2;
constexpr int kGoRuntimeGaveUp = 2;  // gVisor's exit code where it can't make another thread

std::int64_t unix_seconds(Clock::duration from_now) {
  const auto then =
      std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(from_now);
  return std::chrono::system_clock::to_time_t(then);
}

std::string join(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : "; ") + part;
  return all;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return engine::one_line(text);
}

// What a caller that has gone can still do about a container whose creation hangs. The debt is paid nevertheless, when
// its creation has ended: this one may come before there is anything to remove.
Task<void> remove_early(engine::Client& client, std::string container, std::string run_id) {
  if (const auto removed = co_await client.remove_container(container, in(kCallTime)); !removed)
    log(LogLevel::debug, "An early removal failed: " + removed.error().message, run_id);
}

Error not_executable(const RunPlan& plan, const std::string& image, int error_number) {
  const std::string& program = plan.argv.front();
  if ((error_number & static_cast<int>(wire::kNoFolder)) != 0) {
    error_number &= ~static_cast<int>(wire::kNoFolder);
    if (error_number == EACCES)
      return {ErrorCode::invalid_request, "The working directory " + plan.working_dir +
                                              " can't be entered (permission denied): the sandbox's user is not root"};
    return {ErrorCode::not_found, "There is no working directory " + plan.working_dir +
                                      " in the sandbox. Check its path" +
                                      (plan.workspace ? "; the workspace is at " + std::string(kWorkspaceMount)
                                                      : "; the workspace is not mounted in this run")};
  }
  if (error_number == ENOENT || error_number == ENOTDIR)
    return {ErrorCode::not_found, "There is no program \"" + program + "\" in the image " + image +
                                      ". Check its name, or choose an image that has it"};
  if (error_number == EACCES)
    return {ErrorCode::invalid_request, "\"" + program + "\" in the image " + image +
                                            " can't be executed (permission denied): the sandbox's user is not root"};
  return {ErrorCode::invalid_request,
          "\"" + program + "\" in the image " + image + " can't be executed: " + std::strerror(error_number)};
}

// Not to be guessed by a program, and never the zeros of a supervisor without a job.
std::uint32_t random_token() { return static_cast<std::uint32_t>(std::stoul(random_id(3), nullptr, 16)) | 1; }

// The supervisor isn't where it should be: somebody emptied the volume, or its filling broke off.
bool supervisor_is_missing(const Error& error) {
  return error.message.contains(kSupervisorPath) || error.message.contains("exec format error") ||
         error.message.contains("permission denied");
}

}  // namespace

// Lives as long as anything of the run does: its caller may be gone long before its container is.
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
      container_prefix(plan.run_id) + random_id(4);  // of the first attempt; later ones add to it
  const engine::Image image;
  const std::string image_name;
  EventSink* sink;  // null once the caller has its answer
  std::shared_ptr<StdinPipe> input;
  Cancel cancel;
  Signal changed;
  std::string sandbox_id;  // the engine's id of the container
  std::string user = kNobody;
  std::string isolation;  // as the engine says that it is
  std::shared_ptr<Conversation> talk;
  std::optional<Result<RunResult>> outcome;

  static Task<void> drive(std::shared_ptr<Run> self, Removals::Debt debt);
  Task<Result<RunResult>> attempt(Removals::Debt debt, std::string name, bool& worth_another);
  Task<Result<void>> prepare(const std::string& name);
  Task<Result<RunResult>> follow(const std::string& name, bool& worth_another);
  Task<Result<RunResult>> without_report(const std::string& name, bool& worth_another);
  Surroundings surroundings() const;
  Stop reason_to_stop(Deadline deadline) const;
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
  result.notes = plan.notes;
  return result;
}

// The end of a run whose supervisor told of none.
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
                         .notes = plan.notes});
}

Surroundings Sandboxes::Run::surroundings() const {
  return {.image = image,
          .workspace_source = home.workspace_.engine_path,
          .user = user,
          .supervisor_volume = home.fixtures_.supervisor_volume(),
          .owner = home.owner_,
          .remove_after = unix_seconds(plan.limits.timeout + kRemovalGrace)};
}

// Everything up to a container that is about to start, attached.
Task<Result<void>> Sandboxes::Run::prepare(const std::string& name) {
  auto& client = home.client_;
  if (const auto ready = co_await home.fixtures_.ensure_supervisor(image.id, in(kCreateTime)); !ready)
    co_return std::unexpected(ready.error());
  if (plan.network == Network::internet)
    if (const auto ready = co_await home.fixtures_.ensure_internet(in(kCallTime)); !ready)
      co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  const auto spec = harden(plan, surroundings());
  auto hurry = cancel.on_cancel(
      [&] { spawn(home.executor_, "early removal of " + name, remove_early(client, name, plan.run_id)); });
  const auto created = co_await client.create_container(name, spec, in(kCreateTime));
  hurry.reset();
  if (!created) co_return std::unexpected(workspace_error(created.error(), home.workspace_));
  sandbox_id = created->id;
  for (const auto& warning : created->warnings) log(LogLevel::info, "The engine warns: " + warning, plan.run_id);
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  const auto reported = co_await client.inspect_container_spec(created->id, in(kCallTime));
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(spec, *reported); !wrong.empty()) {
    co_return fail(ErrorCode::engine_error, "The engine at " + client.endpoint().address +
                                                " did not make the sandbox as asked, so it was not started (" +
                                                join(wrong) + "). It may be too old, or a proxy changes requests");
  }
  if (plan.workspace && !home.workspace_seen_) {
    const auto same = co_await check_same_folder(client, created->id, home.workspace_, in(kCallTime));
    if (!same) co_return std::unexpected(same.error());
    home.workspace_seen_ = true;
  }
  // By what the engine reports: its default may be gVisor too.
  isolation = dind::name(reported->runtime == kGvisorRuntime ? Isolation::gvisor : Isolation::runc);
  if (plan.isolation == Isolation::runc && reported->runtime == kGvisorRuntime && !plan.workspace_mounts.empty())
    co_return fail(
        ErrorCode::invalid_request,
        "The engine's default runtime is gVisor, which can't guard a writable workspace as runc does: run it "
        "with isolation gvisor (\"isolation\" in the configuration)");
  auto stream = co_await client.attach_container(created->id, in(kCallTime));
  if (!stream) co_return std::unexpected(stream.error());
  if (cancel.cancelled() || sink == nullptr) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(plan.limits.timeout + kSupervisorGrace);
  const bool gvisor = isolation == dind::name(Isolation::gvisor);
  const auto token = gvisor ? random_token() : 0;
  talk = Conversation::begin(
      home.executor_, std::move(*stream),
      job_frames(plan, {.deadline_ms = static_cast<std::uint64_t>(deadline.count()),
                        .output_cap = static_cast<std::uint64_t>(plan.limits.output_bytes),
                        .output_window = Conversation::kOutputWindow,
                        .token = token,
                        .most_tasks = gvisor ? static_cast<std::uint32_t>(plan.limits.pids) : 0}),
      token,
      [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->announce();
      },
      *sink, input);
  co_return Result<void>{};
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
  // It had ended by itself when our kill arrived.
  if (seen.report && seen.report->cause == wire::Cause::none) stop = Stop::none;
  const auto with_reason = [&](RunResult result) {
    if (stop == Stop::cancelled) result.cancel_reason = cancel.reason();
    return result;
  };
  if (seen.report) {
    if (seen.report->how == wire::How::exec_failed) {
      if (stop == Stop::cancelled) return fail(ErrorCode::cancelled, "The run was cancelled");
      return std::unexpected(not_executable(plan, image_name, static_cast<int>(seen.report->code)));
    }
    RunResult result = blank();
    result.dropped_bytes = seen.dropped_bytes;
    judge(*seen.report, stop, result);
    return with_reason(std::move(result));
  }
  RunResult result = killed(stop == Stop::cancelled      ? Verdict::cancelled
                            : stop == Stop::output_limit ? Verdict::output_limit
                                                         : Verdict::timeout);
  result.notes.push_back("the sandbox gave no exit report; CPU time and memory are not known");
  return with_reason(std::move(result));
}

Task<Result<RunResult>> Sandboxes::Run::without_report(const std::string& name, bool& worth_another) {
  const auto& seen = talk->seen();
  if (!seen.ready && !seen.error) {
    worth_another = true;
    const auto last_words = trimmed(seen.complaint);
    co_return fail(ErrorCode::engine_error, "The sandbox ended before it was ready" +
                                                (last_words.empty() ? std::string() : " (" + last_words + ")") +
                                                "; `dind-executor doctor` says what the engine lacks");
  }
  const auto state = co_await home.client_.inspect_container(name, in(2s));
  const bool is_gvisor = isolation == dind::name(Isolation::gvisor);
  // By then it may have removed itself; then its last events are asked for.
  engine::ContainerEnd end{.out_of_memory = state && state->oom_killed};
  if (seen.ended && !end.out_of_memory)
    end = (co_await home.client_.container_end(sandbox_id, in(2s))).value_or(engine::ContainerEnd{});
  // gVisor takes everything with it, and the engine then misses the reason now and again.
  const bool gvisor_full = is_gvisor && seen.memory_short && end.exit_code == 128 + SIGKILL && !end.killed_from_outside;
  if (end.out_of_memory || gvisor_full) co_return killed(Verdict::out_of_memory);
  // gVisor does not keep a program from ending its own sandbox: that is an end of the program's making.
  if (is_gvisor && seen.began && (seen.ended ? end.died && !end.killed_from_outside : seen.error.has_value())) {
    const bool no_thread_left = end.died && end.exit_code == kGoRuntimeGaveUp;
    RunResult result = killed(no_thread_left ? Verdict::process_limit : Verdict::signalled);
    result.notes.push_back(no_thread_left
                               ? "gVisor itself gave up: the program's processes took every thread that it may have"
                               : "the sandbox ended without an exit report: under gVisor a program can end it, by "
                                 "killing process 1 or writing to its files");
    co_return result;
  }
  if (seen.error && seen.error->code != ErrorCode::engine_unavailable) co_return std::unexpected(*seen.error);
  if (!state && state.error().code == ErrorCode::engine_unavailable) {
    co_return fail(
        ErrorCode::engine_unavailable,
        "The engine at " + home.client_.endpoint().address +
            " went away while the program ran. Its output so far was kept; run it again once the engine is back");
  }
  co_return fail(ErrorCode::engine_error,
                 "The sandbox was removed while the program ran, by somebody else or by a restart of the engine at " +
                     home.client_.endpoint().address + ". Run it again");
}

// From start to the verdict.
Task<Result<RunResult>> Sandboxes::Run::follow(const std::string& name, bool& worth_another) {
  const auto& seen = talk->seen();
  if (const auto started = co_await home.client_.start_container(name, in(kCreateTime)); !started) {
    worth_another = supervisor_is_missing(started.error());
    co_return std::unexpected(started.error());
  }
  if (plan.network == Network::internet) {
    const auto fenced =
        co_await raise_fence(home.client_, home.removals_, harden_fence(sandbox_id, plan.run_id, surroundings()),
                             name + ".fence", in(kCreateTime));
    if (!fenced) co_return std::unexpected(fenced.error());
  }
  talk->release_job();
  const Deadline ready_by = in(kReadyTime);
  while (!seen.began && !seen.report && !seen.ended && !seen.error && !cancel.cancelled()) {
    if (!co_await talk->changed().wait(ready_by) && Clock::now() >= ready_by) {
      co_return fail(ErrorCode::engine_error, "The sandbox did not become ready within 30 s; the engine at " +
                                                  home.client_.endpoint().address + " may be overloaded");
    }
  }
  Stop stop = cancel.cancelled() ? Stop::cancelled : Stop::none;
  if (seen.began) {
    const Deadline deadline = *seen.began + plan.limits.timeout;
    while (!seen.report && !seen.ended && !seen.error && (stop = reason_to_stop(deadline)) == Stop::none)
      co_await talk->changed().wait(std::min(deadline, in(1s)));
  }
  if (seen.report) co_return conclude(Stop::none);
  if (stop == Stop::none) co_return co_await without_report(name, worth_another);
  if (!seen.began && stop == Stop::cancelled) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  talk->kill();
  const Deadline patience = in(kReportTime);
  while (!seen.report && !seen.ended && !seen.error)
    if (!co_await talk->changed().wait(patience)) break;
  co_return conclude(stop);
}

Task<Result<RunResult>> Sandboxes::Run::attempt(Removals::Debt debt, std::string name, bool& worth_another) {
  [[maybe_unused]] const auto owed = std::move(debt);
  const auto ready = co_await prepare(name);
  if (!ready) co_return std::unexpected(ready.error());
  const auto heard = cancel.on_cancel([conversation = std::weak_ptr(talk)] {
    if (const auto open = conversation.lock()) open->changed().notify();
  });
  auto result = co_await follow(name, worth_another);
  co_return result;
}

Task<void> Sandboxes::Run::drive(std::shared_ptr<Run> self, Removals::Debt debt) {
  Result<RunResult> result = fail(ErrorCode::internal, "The run was never tried");
  for (int i = 0; i < kAttempts; ++i) {
    bool worth_another = false;
    const std::string name = self->container + (i == 0 ? "" : "." + std::to_string(i));
    if (i > 0) debt = self->home.removals_.owe(name);
    result = co_await self->attempt(std::move(debt), name, worth_another);
    if (result || !worth_another || self->cancel.cancelled() || i + 1 == kAttempts) break;
    log(LogLevel::info,
        "A sandbox did not start (" + result.error().message + "); filling the supervisor's volume again",
        self->plan.run_id);
    self->talk->close();
    self->talk.reset();
    const auto filled = co_await self->home.fixtures_.refill_supervisor(self->image.id, in(kCreateTime));
    if (!filled) break;
  }
  self->outcome = std::move(result);
  self->changed.notify();
  // The stream is drained until the container is gone: see Conversation.
  co_await self->home.removals_.gone(self->container, in(60s));
  if (self->talk) self->talk->close();
}

Sandboxes::Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace)
    : executor_(std::move(executor)),
      client_(client),
      owner_(std::move(owner)),
      workspace_(std::move(workspace)),
      removals_(executor_, client),
      fixtures_(client, removals_, owner_) {}

Task<Result<RunResult>> Sandboxes::run(RunPlan plan, engine::Image image, std::string image_name, EventSink& sink,
                                       std::shared_ptr<StdinPipe> input, Cancel cancel) {
  const auto run = std::make_shared<Run>(*this, std::move(plan), std::move(image), std::move(image_name), sink,
                                         std::move(input), cancel);
  if (run->plan.workspace) {
    std::string note;
    run->user = workspace_user(workspace_, note);
    if (!note.empty()) run->plan.notes.push_back(note);
    if (const auto guarded = co_await guard_plan(executor_, workspace_, run->plan); !guarded)
      co_return std::unexpected(guarded.error());
    // The image's own folder in the workspace is entered by the supervisor, as one that a caller names.
    if (run->plan.working_dir.empty() && run->image.working_dir.starts_with(kWorkspaceMount))
      run->plan.working_dir = run->image.working_dir;
  }
  std::optional<Deadline> answer_by;
  const auto heard = cancel.on_cancel([weak = std::weak_ptr(run), &answer_by] {
    answer_by = in(kAnswerTime);
    if (const auto self = weak.lock()) self->changed.notify();
  });
  sink.on_state(Preparing{.stage = Stage::container, .message = "Creating the sandbox", .percent = std::nullopt});
  spawn(executor_, "run " + run->plan.run_id, Run::drive(run, removals_.owe(run->container)));
  while (!run->outcome) {
    const bool began = run->talk && run->talk->seen().began;
    if (answer_by && (!began || Clock::now() >= *answer_by)) break;
    co_await run->changed.wait(answer_by ? *answer_by : in(1h));
  }
  run->leave();
  if (run->outcome) co_return std::move(*run->outcome);
  if (run->talk && run->talk->seen().began) co_return run->conclude(Stop::cancelled);
  co_return fail(ErrorCode::cancelled, "The run was cancelled before the program began");
}

}  // namespace dind::sandbox
