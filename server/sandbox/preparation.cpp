#include "sandbox/preparation.hpp"

#include "sandbox/fence.hpp"
#include "support/ids.hpp"
#include "support/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kCallTime = 15s;

std::string join(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : "; ") + part;
  return all;
}

// What a caller that has gone can still do about a container whose creation hangs. The debt is paid nevertheless, when
// its creation has ended: this one may come before there is anything to remove.
Task<void> remove_early(engine::Client& client, std::string container, std::string run_id) {
  if (const auto removed = co_await client.remove_container(container, in(kCallTime)); !removed)
    log(LogLevel::debug, "An early removal failed: " + removed.error().message, run_id);
}

// Not to be guessed by a program, and never the zeros of a supervisor without a job.
std::uint32_t random_token() { return static_cast<std::uint32_t>(std::stoul(random_id(3), nullptr, 16)) | 1; }

}  // namespace

Preparation::Preparation(asio::any_io_executor executor, engine::Client& client, Removals& removals, Fixtures& fixtures,
                         const Workspace& workspace)
    : executor_(std::move(executor)),
      client_(client),
      removals_(removals),
      fixtures_(fixtures),
      workspace_(workspace) {}

Task<Result<Prepared>> Preparation::attach(const RunPlan& plan, const Surroundings& surroundings, Removals::Debt debt,
                                           std::string name, Cancel cancel) {
  Prepared made{.debt = std::move(debt), .name = name, .id = {}, .isolation = {}, .talk = {}};
  if (const auto ready = co_await fixtures_.ensure_supervisor(surroundings.image.id, in(kCreateTime)); !ready)
    co_return std::unexpected(ready.error());
  if (plan.network == Network::internet)
    if (const auto ready = co_await fixtures_.ensure_internet(in(kCallTime)); !ready)
      co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  const auto spec = harden(plan, surroundings);
  auto hurry = cancel.on_cancel([this, &name, run_id = plan.run_id] {
    spawn(executor_, "early removal of " + name, remove_early(client_, name, run_id));
  });
  const auto created = co_await client_.create_container(name, spec, in(kCreateTime));
  hurry.reset();
  if (!created) co_return std::unexpected(workspace_error(created.error(), workspace_));
  made.id = created->id;
  for (const auto& warning : created->warnings) log(LogLevel::info, "The engine warns: " + warning, plan.run_id);
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  const auto reported = co_await client_.inspect_container_spec(created->id, in(kCallTime));
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(spec, *reported); !wrong.empty()) {
    co_return fail(ErrorCode::engine_error, "The engine at " + client_.endpoint().address +
                                                " did not make the sandbox as asked, so it was not started (" +
                                                join(wrong) + "). It may be too old, or a proxy changes requests");
  }
  if (plan.workspace && workspace_seen_ != workspace_.path) {
    const std::string looked = workspace_.path;
    const auto same = co_await check_same_folder(client_, created->id, workspace_, in(kCallTime));
    if (!same) co_return std::unexpected(same.error());
    workspace_seen_ = looked;
  }
  // By what the engine reports: its default may be gVisor too.
  const bool gvisor = reported->runtime == kGvisorRuntime;
  made.isolation = dind::name(gvisor ? Isolation::gvisor : Isolation::runc);
  if (plan.isolation == Isolation::runc && gvisor && !plan.workspace_mounts.empty())
    co_return fail(
        ErrorCode::invalid_request,
        "The engine's default runtime is gVisor, which can't guard a writable workspace as runc does: run it "
        "with isolation gvisor (\"isolation\" in the configuration)");
  auto stream = co_await client_.attach_container(created->id, in(kCallTime));
  if (!stream) co_return std::unexpected(stream.error());
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  made.talk = Conversation::begin(executor_, std::move(*stream), gvisor ? random_token() : 0);
  co_return made;
}

Task<Result<void>> Preparation::start(const Prepared& sandbox, const RunPlan& plan, const Surroundings& surroundings) {
  if (const auto started = co_await client_.start_container(sandbox.name, in(kCreateTime)); !started)
    co_return std::unexpected(started.error());
  if (plan.network != Network::internet) co_return Result<void>{};
  co_return co_await raise_fence(client_, removals_, harden_fence(sandbox.id, plan.run_id, surroundings),
                                 sandbox.name + ".fence", in(kCreateTime));
}

}  // namespace dind::sandbox
