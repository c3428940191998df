#include "sandbox/start/sandbox_starter.hpp"

#include "engine/reasons.hpp"
#include "sandbox/creation.hpp"
#include "sandbox/network/egress_filter.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kCallTime = 15s;

std::string join(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : "; ") + part;
  return all;
}

// Removes a container early, if the run is cancelled while its create hangs. The pending removal still runs after the
// create has ended, because this one may come before the container exists.
Task<void> remove_early(engine::Client& client, std::string container, std::string run_id) {
  if (const auto removed = co_await client.remove_container(container, in(kCallTime)); !removed)
    log(LogLevel::debug, "An early removal failed: " + removed.error().message, run_id);
}

// A token that a program can't guess. It is never 0, the token of a supervisor without a job.
std::uint32_t random_token() { return static_cast<std::uint32_t>(std::stoul(random_id(3), nullptr, 16)) | 1; }

}  // namespace

SandboxStarter::SandboxStarter(asio::any_io_executor executor, engine::Client& client, Removals& removals,
                               SharedResources& resources, const Workspace& workspace)
    : executor_(std::move(executor)),
      client_(client),
      removals_(removals),
      resources_(resources),
      images_(client, removals),
      workspace_(workspace),
      etc_(client, removals, resources) {}

// The volume with the files of /etc may be gone: no container holds it, so any prune removes it. Then it is filled
// again. If the engine can't mount such files, the sandbox is created without them.
Task<Result<SandboxStarter::Made>> SandboxStarter::create(const RunPlan& plan, SandboxContext around,
                                                          Removals::PendingRemoval& removal, std::string name) {
  const auto user = plan.workspace ? around.user : std::string(kNobody);
  for (int attempt = 0;; ++attempt) {
    auto spec = harden(plan, around);
    const auto created = co_await create_expected(client_, removal, name, spec, in(kCreateTime));
    if (created) co_return Made{.spec = std::move(spec), .container = *created};
    if (attempt == 0 && client_.is_podman() && engine::profile_is_missing(created.error().message)) {
      if (const auto ready = co_await resources_.ensure_profile(in(kCreateTime), true); !ready)
        co_return std::unexpected(ready.error());
      continue;
    }
    if (around.etc_folder.empty() || !created.error().message.contains(around.etc_folder))
      co_return std::unexpected(created.error());
    if (attempt > 0) etc_.give_up(created.error());
    Result<EtcFolder> etc = EtcFolder{};
    if (attempt == 0) etc = co_await etc_.refill(around.image, user, in(kCreateTime));
    if (!etc) co_return std::unexpected(etc.error());
    around.etc_folder = etc->path;
  }
}

void SandboxStarter::look_again(bool user_refused) {
  etc_.forget();
  resources_.internet().forget();
  if (user_refused) users_.refuse();
}

Task<Result<void>> SandboxStarter::ensure_resources(const RunPlan& plan) {
  if (const auto ready = co_await resources_.ensure_supervisor(in(kCreateTime)); !ready)
    co_return std::unexpected(ready.error());
  if (const auto ready = co_await resources_.ensure_profile(in(kCreateTime)); !ready)
    co_return std::unexpected(ready.error());
  if (plan.network == Network::none) co_return Result<void>{};
  if (const auto ready = co_await resources_.supervisor_containers().ensure_image(in(kCreateTime)); !ready)
    co_return std::unexpected(ready.error());
  co_return Result<void>{};
}

Task<Result<SandboxContext>> SandboxStarter::complete_context(const RunPlan& plan, SandboxContext context,
                                                              AttachedSandbox& sandbox) {
  const auto etc = co_await etc_.find(context.image, context.user, in(kCreateTime));
  if (!etc) co_return std::unexpected(etc.error());
  context.etc_folder = etc->path;
  context.filled_volumes = etc->filled;
  if (plan.network == Network::internet) {
    const auto network = co_await resources_.internet().ensure(in(kCallTime));
    if (!network) co_return std::unexpected(network.error());
    context.internet_network = *network;
  }
  if (!plan.workspace && etc->users == EngineUsers::same) sandbox.user = users_.take();
  if (sandbox.user) context.user = sandbox.user.user();
  if (plan.workspace == WorkspaceAccess::read_write)
    if (auto note = mapped_users_note(etc->users, context.user); !note.empty())
      sandbox.notes.push_back(std::move(note));
  co_return context;
}

Task<Result<void>> SandboxStarter::check_image_first(const RunPlan& plan, ImageUse& use) {
  if (const auto problem = working_dir_problem(use.targets.working_dir); !problem.empty())
    co_return std::unexpected(working_dir_refused(use.name, use.targets.working_dir, problem));
  use.is_fine = images_.knows(use.image, use.targets);
  if (use.is_fine || !plan.workspace) co_return Result<void>{};
  const auto fine = co_await images_.check_apart(use.spec, use.image, use.name, use.targets, in(kCreateTime));
  if (!fine) co_return std::unexpected(fine.error());
  use.is_fine = true;
  co_return Result<void>{};
}

// During create, the engine already creates missing folders (working directory, mount targets), or tries to. Here a
// file of the image may be in the way.
Task<Error> SandboxStarter::explain_failed_create(const ImageUse& use, Error error) {
  if (engine::meets_a_file(error)) {
    const auto fine = co_await images_.check_apart(use.spec, use.image, use.name, use.targets, in(kCreateTime));
    if (!fine && fine.error().code == ErrorCode::invalid_request) co_return fine.error();
    if (!use.targets.working_dir.empty())
      co_return working_dir_refused(use.name, use.targets.working_dir, "is not a folder");
  }
  co_return workspace_error(std::move(error), use.workspace);
}

Task<Result<Isolation>> SandboxStarter::check_created(const RunPlan& plan, std::string id, const Made& made,
                                                      const ImageUse& use) {
  const auto reported = co_await client_.inspect_container_spec(id, in(kCallTime));
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(client_.as_reported(made.spec), *reported); !wrong.empty()) {
    co_return fail(ErrorCode::engine_error, "The engine at " + client_.endpoint().address +
                                                " created the sandbox with other settings, so it was not started (" +
                                                join(wrong) + "). It may be too old, or a proxy changes requests");
  }
  if (!use.is_fine) {
    auto fine = co_await images_.check(id, use.image, use.name, use.targets, in(kCallTime));
    // An engine that can't mount onto a file or a link can't read any path in this container either.
    if (!fine && fine.error().engine_status >= 500)
      fine = co_await images_.check_apart(made.spec, use.image, use.name, use.targets, in(kCreateTime));
    if (!fine) co_return std::unexpected(fine.error());
  }
  if (plan.workspace && !workspaces_seen_.contains(use.workspace.path)) {
    const auto same = co_await check_same_folder(client_, id, use.workspace, in(kCallTime));
    if (!same) co_return std::unexpected(same.error());
    workspaces_seen_.insert(use.workspace.path);
  }
  // Use what the engine reports: its default runtime may be gVisor too.
  const bool gvisor = reported->runtime == kGvisorRuntime;
  if (plan.isolation == Isolation::runc && gvisor && !plan.workspace_mounts.empty())
    co_return fail(
        ErrorCode::invalid_request,
        "The engine's default runtime is gVisor, which can't guard a writable workspace as runc does: run it "
        "with isolation gvisor (\"isolation\" in the configuration)");
  co_return gvisor ? Isolation::gvisor : Isolation::runc;
}

Task<Result<AttachedSandbox>> SandboxStarter::attach(const RunPlan& plan, const SandboxContext& context,
                                                     Removals::PendingRemoval removal, std::string name,
                                                     Cancel cancel) {
  const auto cancelled = [] { return fail(ErrorCode::cancelled, "The run was cancelled"); };
  AttachedSandbox sandbox{.removal = std::move(removal), .name = name, .id = {}, .isolation = {}, .connection = {}};
  if (const auto ready = co_await ensure_resources(plan); !ready) co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();

  // Before anything is created from the image: an engine may refuse to read a container with such a VOLUME.
  const std::string image_name = plan.images.empty() ? context.image.id : plan.images.front();
  if (auto refused = refused_volume(image_name, plan, context.image)) co_return std::unexpected(std::move(*refused));
  auto around = co_await complete_context(plan, context, sandbox);
  if (!around) co_return std::unexpected(around.error());
  if (cancel.cancelled()) co_return cancelled();
  const auto planned = harden(plan, *around);
  ImageUse use{.image = context.image,
               .name = image_name,
               .spec = planned,
               .targets = mount_targets(planned, context.image),
               .workspace = with_root(workspace_, plan.workspace_root)};
  if (const auto fine = co_await check_image_first(plan, use); !fine) co_return std::unexpected(fine.error());
  if (cancel.cancelled()) co_return cancelled();

  auto hurry = cancel.on_cancel([this, &name, run_id = plan.run_id] {
    spawn(executor_, "early removal of " + name, remove_early(client_, name, run_id));
  });
  const auto created = co_await create(plan, std::move(*around), sandbox.removal, name);
  hurry.reset();
  if (!created) co_return std::unexpected(co_await explain_failed_create(use, created.error()));
  sandbox.id = created->container.id;
  for (const auto& warning : created->container.warnings)
    log(LogLevel::info, "The engine warns: " + warning, plan.run_id);
  if (cancel.cancelled()) co_return cancelled();

  const auto isolation = co_await check_created(plan, sandbox.id, *created, use);
  if (!isolation) co_return std::unexpected(isolation.error());
  sandbox.isolation = dind::to_string(*isolation);
  auto stream = co_await client_.attach_container(sandbox.id, in(kCallTime));
  if (!stream) co_return std::unexpected(stream.error());
  if (cancel.cancelled()) co_return cancelled();
  sandbox.connection =
      SupervisorConnection::begin(executor_, std::move(*stream), *isolation == Isolation::gvisor ? random_token() : 0);
  co_return sandbox;
}

Task<Result<void>> SandboxStarter::start(const AttachedSandbox& sandbox, const RunPlan& plan,
                                         const SandboxContext& context) {
  if (const auto started = co_await client_.start_container(sandbox.name, in(kCreateTime)); !started)
    co_return std::unexpected(started.error());
  if (plan.network == Network::none) co_return Result<void>{};
  const auto supervisor = co_await resources_.supervisor_containers().ensure_image(in(kCreateTime));
  if (!supervisor) co_return std::unexpected(supervisor.error());
  auto around = context;
  around.supervisor_image = supervisor->id;
  co_return co_await install_egress_filter(client_, removals_, resources_.supervisor_containers(),
                                           harden_egress_filter(sandbox.id, plan.run_id, around),
                                           sandbox.name + ".egress-filter", in(kCreateTime));
}

}  // namespace dind::sandbox
