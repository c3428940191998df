#include "sandbox/run/sandboxes.hpp"

#include "sandbox/run/sandbox_run.hpp"
#include "sandbox/workspace/planted_names.hpp"
#include "support/ids.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kReplyTime = 250ms;  // from a cancel to the reply
constexpr auto kBuildNetworkTime = 60s;
constexpr auto kBuildNetworkGrace = 5min;

}  // namespace

Sandboxes::Run::Run(Sandboxes& h, SandboxRequest request, EventSink& s, Cancel c)
    : home(h),
      plan(std::move(request.plan)),
      container(container_prefix(plan.run_id) + random_id(4)),
      image(std::move(request.image)),
      image_name(std::move(request.image_name)),
      sink(&s),
      input(std::move(request.input)),
      cancel(std::move(c)),
      changed(h.executor_) {}

void Sandboxes::Run::use(const AttachedSandbox& sandbox) {
  sandbox_id = sandbox.id;
  isolation = sandbox.isolation;
  connection = sandbox.connection;
  user = sandbox.user;
  notes = sandbox.notes;
}

std::vector<std::string> Sandboxes::Run::all_notes() const {
  auto all = plan.notes;
  all.insert(all.end(), notes.begin(), notes.end());
  return all;
}

RunFacts Sandboxes::Run::facts() const {
  return {.plan = plan,
          .state = connection->state(),
          .image_name = image_name,
          .image_id = image.id,
          .isolation = isolation,
          .notes = all_notes(),
          .engine_address = home.client_.endpoint().address,
          .cancel_reason = cancel.reason()};
}

void Sandboxes::Run::close_connection() {
  if (!connection) return;  // no sandbox was created
  connection->close();
  connection.reset();
}

void Sandboxes::Run::detach_sink() {
  sink = nullptr;
  if (connection) connection->detach_sink();
}

Task<void> Sandboxes::Run::execute(std::shared_ptr<Run> self, Removals::PendingRemoval removal, WarmPool::Claim claim) {
  const auto planted = PlantedWatch::begin(self->home.executor_, self->home.work_,
                                           with_root(self->home.workspace_, self->plan.workspace_root), self->plan);
  auto result = co_await self->attempt_all(std::move(removal), std::move(claim));
  if (planted) {
    const auto notes = co_await planted->finish();
    if (result) result->notes.insert(result->notes.end(), notes.begin(), notes.end());
  }
  self->result = std::move(result);
  self->changed.notify();
  if (*self->result) self->home.warm_pool_.request(self->plan, self->context);
  // The stream is drained until the container is gone: see SupervisorConnection.
  co_await self->home.removals_.wait_removed(self->container, in(60s));
  if (planted && !self->ended_by_itself()) co_await planted->sweep();
  if (self->connection) self->connection->close();
}

Sandboxes::Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace)
    : executor_(std::move(executor)),
      client_(client),
      owner_(std::move(owner)),
      workspace_(std::move(workspace)),
      adopts_(workspace_.engine_path.empty() && workspace_.path.empty()),
      removals_(executor_, client),
      resources_(client, removals_, owner_),
      starter_(executor_, client, removals_, resources_, workspace_),
      warm_pool_(executor_, starter_, removals_),
      work_(executor_) {}

Task<Result<RunResult>> Sandboxes::run(SandboxRequest request, EventSink& sink, Cancel cancel) {
  const auto run = std::make_shared<Run>(*this, std::move(request), sink, cancel);
  auto user = co_await resolve_workspace(run->plan, run->image, cancel);
  if (!user) co_return std::unexpected(user.error());
  run->context = context(run->plan, run->image, std::move(*user));
  std::optional<Deadline> reply_by;
  const auto subscription = cancel.on_cancel([weak = std::weak_ptr(run), &reply_by] {
    reply_by = in(kReplyTime);
    if (const auto self = weak.lock()) self->changed.notify();
  });
  auto claim = warm_pool_.claim(run->plan, run->context);
  ++(claim ? counts_.warm : counts_.cold);
  sink.on_state(Preparing{.stage = Stage::container,
                          .message = claim ? "Taking a warm sandbox" : "Creating the sandbox",
                          .percent = std::nullopt});
  auto removal = claim ? Removals::PendingRemoval() : removals_.expect_container(run->container);
  spawn(executor_, "run " + run->plan.run_id, Run::execute(run, std::move(removal), std::move(claim)));
  while (!run->result) {
    if (reply_by && (!run->started() || Clock::now() >= *reply_by)) break;
    co_await run->changed.wait(reply_by.value_or(Deadline::max()));
  }
  run->detach_sink();
  if (run->result) co_return std::move(*run->result);
  if (run->started()) co_return outcome(run->facts(), Stop::cancelled);
  co_return fail(ErrorCode::cancelled, "The run was cancelled before the program began");
}

Task<void> Sandboxes::warm_up(RunPlan plan, engine::Image image) {
  auto user = co_await resolve_workspace(plan, image, {});
  // An error is not reported here: the run itself will report it.
  if (user) warm_pool_.request(plan, context(plan, image, std::move(*user)));
}

Task<bool> Sandboxes::wait_run_removed(std::string run_id, Deadline deadline) {
  co_return co_await removals_.wait_removed_or_unreachable(container_prefix(run_id), deadline);
}

Task<bool> Sandboxes::wait_all_removed(Deadline deadline) { co_return co_await removals_.wait_all_removed(deadline); }

Task<bool> Sandboxes::wait_all_removed_but_auto(Deadline deadline) {
  co_return co_await removals_.wait_all_removed_but_auto(deadline);
}

Task<Result<Removals::PendingRemoval>> Sandboxes::create_dependency_volume(std::string volume, std::string run_id,
                                                                           std::chrono::seconds life,
                                                                           Deadline deadline) {
  auto removal = removals_.expect_volume(volume);
  removal.begin_create();
  const auto made = co_await resources_.create_dependency_volume(std::move(volume), std::move(run_id), life, deadline);
  if (made || made.error().engine_status != 0) removal.end_create();
  if (!made) co_return std::unexpected(made.error());
  co_return std::move(removal);
}

Task<Result<NetworkHolder>> Sandboxes::create_build_network(std::string run_id, std::string name,
                                                            std::chrono::milliseconds build_time, Cancel cancel) {
  const Deadline deadline = in(kBuildNetworkTime);
  const auto cancelled = [] { return fail(ErrorCode::cancelled, "The run was cancelled"); };
  // The holder runs in dind-executor's own image. In an image that the Dockerfile names, the supervisor could be
  // another program.
  const auto image = co_await resources_.supervisor_containers().ensure_image(deadline);
  if (!image) co_return std::unexpected(image.error());
  if (cancel.cancelled()) co_return cancelled();
  if (const auto ready = co_await resources_.ensure_supervisor(deadline); !ready)
    co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();
  resources_.internet().forget();  // a build is not tried again if someone has removed the network
  const auto network = co_await resources_.internet().ensure(deadline);
  if (!network) co_return std::unexpected(network.error());
  if (cancel.cancelled()) co_return cancelled();
  RunPlan plan;
  plan.run_id = run_id;
  plan.limits.pids = 64;
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(build_time + kBuildNetworkGrace);
  SandboxContext holder{.image = *image,
                        .supervisor_volume = resources_.supervisor_volume(),
                        .internet_network = *network,
                        .supervisor_image = image->id,
                        .owner = owner_,
                        .remove_after = client_.unix_now() + life.count()};
  co_return co_await create_network_holder(client_, removals_, resources_.supervisor_containers(), std::move(plan),
                                           std::move(holder), std::move(name), cancel, deadline);
}

}  // namespace dind::sandbox
