#include "services/runs/runs.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "domain/terms.hpp"
#include "engine/text.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/plan/planner.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "services/images/image_reference.hpp"
#include "services/runs/hints.hpp"
#include "services/runs/output_tail.hpp"
#include "services/runs/run_logger.hpp"
#include "services/runs/total_timeout.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/io/descriptors.hpp"
#include "support/log/log.hpp"
#include "support/text/shortened.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxAtOnce = 64;

constexpr std::size_t kDescriptorsOfRun = 4;  // its stream, and calls to the engine

// Twice the cores, because most programs wait for something. But not more than fit into the memory at the default
// limit.
std::size_t default_runs(const Limits& limits) {
  const std::size_t by_cores = 2 * std::max(1U, std::thread::hardware_concurrency());
  const auto memory = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const auto by_memory =
      static_cast<std::size_t>(std::max<std::int64_t>(1, memory / std::max<std::int64_t>(1, limits.memory_bytes)));
  return std::clamp<std::size_t>(std::min(by_cores, by_memory), 1, kMaxAtOnce);
}

AdmissionBounds bounds_of(const RunPolicy& policy) {
  const auto wanted = policy.concurrent_runs != 0 ? policy.concurrent_runs : default_runs(policy.limits.defaults);
  // Not more than there are descriptors for (R09). A waiting run needs one, for the connection of its client.
  return {.at_once = descriptors_for(wanted, kDescriptorsOfRun),
          .queued = policy.queued_runs == 0 ? 0 : descriptors_for(policy.queued_runs, 1),
          .queued_per_client = policy.queued_runs_per_client,
          .at_once_per_client = policy.concurrent_runs_per_client};
}

ImagePolicy image_policy_of(const RunPolicy& policy) {
  ImagePolicy images{.allowed = policy.allowed_images, .always = {}, .max_pulled_bytes = policy.max_pulled_bytes};
  for (const auto& language : language_list())
    images.always.insert(images.always.end(), language.images.begin(), language.images.end());
  for (const auto& [language, image] : policy.images) images.always.push_back(image);
  return images;
}

bool is_run_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

Runs::Runs(asio::any_io_executor executor, engine::Client& client, sandbox::SandboxHost& sandboxes,
           RegistryCredentials credentials, RunPolicy policy)
    : executor_(executor),
      client_(client),
      sandboxes_(sandboxes),
      policy_(std::move(policy)),
      images_(executor, client, std::move(credentials), image_policy_of(policy_)),
      packages_(executor, sandboxes, policy_.packages, policy_.authorities),
      builds_(executor, client, sandboxes, images_, policy_.build),
      admission_(executor, bounds_of(policy_)),
      active_(executor) {}

void Runs::take_limits(const RunPolicy& policy) {
  policy_.limits = policy.limits;
  policy_.concurrent_runs = policy.concurrent_runs;
  policy_.queued_runs = policy.queued_runs;
  policy_.concurrent_runs_per_client = policy.concurrent_runs_per_client;
  policy_.queued_runs_per_client = policy.queued_runs_per_client;
  admission_.take_bounds(bounds_of(policy_));
}

Result<sandbox::RunPlan> Runs::plan(const RunSpec& spec) const {
  if (!policy_.enabled)
    return fail(ErrorCode::disabled,
                "Running code is switched off here: DIND_ENABLED says so. Set it to true, or ask the operator");
  if (spec.run_id && !is_run_id(*spec.run_id))
    return fail(ErrorCode::invalid_request, "A run id has 1 to 64 of the characters A-Z a-z 0-9 _ -");
  if (spec.network == Network::internet && !policy_.limits.allow_internet)
    return fail(
        ErrorCode::invalid_request,
        "The network \"internet\" is not allowed here; run it without, or ask the operator (limits.allowInternet)");
  // In a caller's own image, the installer (`pip`) can be any program, and it would have a network.
  const bool own_image = spec.image || !std::holds_alternative<SourceProgram>(spec.program);
  if (!spec.dependencies.empty() && own_image && policy_.packages.enabled && !policy_.limits.allow_internet)
    return fail(ErrorCode::invalid_request,
                "Packages are not installed with an image of the caller, because its installer would get the network "
                "that programs may not use; remove the image, or ask the operator (limits.allowInternet)");
  if (spec.total_timeout && spec.total_timeout->count() <= 0)
    return fail(ErrorCode::invalid_request, "The total timeout must be more than 0 s");
  const auto workspace = sandboxes_.workspace_at(spec.workspace_root);
  if (!workspace)
    return fail(ErrorCode::invalid_request,
                "The folder " + spec.workspace_root + " is not open here; open it in the editor and run it again");
  if (spec.workspace && !workspace->there())
    return fail(
        ErrorCode::invalid_request,
        "No workspace is set that could be mounted; set workspace.path and workspace.enginePath (DIND_WORKSPACE, "
        "DIND_WORKSPACE_PATH) to its path here and on the engine's machine");
  // If the operator sets gVisor, a caller can't choose another isolation.
  const auto isolation =
      policy_.isolation == Isolation::gvisor ? Isolation::gvisor : spec.isolation.value_or(policy_.isolation);
  if (isolation == Isolation::gvisor && spec.network == Network::internet)
    return fail(ErrorCode::invalid_request, "A run under gVisor has no network; run it with network none" +
                                                std::string(policy_.isolation == Isolation::gvisor
                                                                ? ", or have \"isolation\" in the configuration changed"
                                                                : ", or with isolation runc"));
  const bool prepares = !spec.dependencies.empty() || std::holds_alternative<BuildProgram>(spec.program);
  if (policy_.isolation == Isolation::gvisor && prepares)
    return fail(ErrorCode::invalid_request,
                "Packages and builds need a network, which gVisor does not have, and the configuration demands gVisor "
                "(isolation): use an image that has what the program needs");
  auto effective = apply_limit_policy(policy_.limits, spec.limits);
  if (!effective) return std::unexpected(effective.error());
  auto made = sandbox::make_plan(spec, effective->limits, policy_.images, spec.run_id.value_or(random_id()));
  if (!made) return made;
  // Check this before the name is stored anywhere: a caller's name may have any length (S07).
  for (const auto& image : made->images)
    if (const auto parsed = engine::parse_image_name(image); !parsed) return std::unexpected(parsed.error());
  if (made->workspace == WorkspaceAccess::read_write && workspace->max_access == WorkspaceAccess::read_only) {
    made->workspace = WorkspaceAccess::read_only;
    made->notes.emplace_back("the workspace is read-only here (workspace.maxAccess)");
  }
  made->isolation = isolation;
  made->keep_warm = spec.keep_warm;
  made->notes.insert(made->notes.begin(), effective->notes.begin(), effective->notes.end());
  if (spec.isolation && *spec.isolation != isolation)
    made->notes.push_back("isolation runc is not allowed here; gvisor is in force");
  if (isolation == Isolation::gvisor && prepares)
    made->notes.emplace_back("the steps before the program, which have a network, ran with isolation runc");
  return made;
}

Task<Result<void>> Runs::check_isolation(const sandbox::RunPlan& plan) {
  if (plan.isolation != Isolation::gvisor || gvisor_seen_) co_return Result<void>{};
  const auto info = co_await client_.info(in(5s));
  if (!info) co_return std::unexpected(info.error());
  if (client_.is_podman())
    co_return fail(ErrorCode::engine_error,
                   "The engine at " + client_.endpoint().address +
                       " is Podman, which takes no runtime in a request, so there is no gVisor: "
                       "run with isolation runc, or use a Docker engine");
  gvisor_seen_ = std::ranges::find(info->runtimes, sandbox::kGvisorRuntime) != info->runtimes.end();
  if (gvisor_seen_) co_return Result<void>{};
  co_return fail(ErrorCode::engine_error,
                 "The engine at " + client_.endpoint().address +
                     " has no gVisor. Install runsc on its machine, name it " +
                     R"(in its daemon.json ({"runtimes": {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": )" +
                     R"(["--platform=ptrace", "--network=none"]}}}) and restart it)" +
                     (policy_.isolation == Isolation::gvisor ? ", or have \"isolation\" in the configuration changed"
                                                             : ", or run with isolation runc"));
}

Task<void> Runs::clamp_cpus(sandbox::RunPlan& plan) {
  if (std::max(plan.limits.cpus, plan.dependencies ? packages_.cpus() : 0) <= 1)
    co_return;  // every machine has one CPU
  if (engine_cpus_ == 0) {
    const auto info = co_await client_.info(in(5s));
    if (!info || info->cpus <= 0) co_return;
    engine_cpus_ = info->cpus;
  }
  packages_.clamp_cpus(engine_cpus_);
  if (plan.limits.cpus <= engine_cpus_) co_return;
  plan.limits.cpus = engine_cpus_;
  plan.notes.push_back("the engine's machine has " + std::to_string(engine_cpus_) + " CPUs; all of them are in force");
}

// Keeps the slot until the containers are removed, so that a slow engine does not get more of them than are allowed. If
// the engine does not answer, the slot is released at once, so that waiting runs get the error. The volume with the
// dependencies is removed after the containers.
Task<void> Runs::release_slot_when_removed(RunProgress progress, sandbox::SandboxHost& sandboxes, std::string id) {
  co_await sandboxes.wait_run_removed(std::move(id), in(60s));
}

Task<Result<Images::Found>> Runs::find_image(RunProgress& progress, const RunSpec& spec, EventSink& sink,
                                             Cancel cancel) {
  progress.stage = Stage::image;
  auto found = co_await images_.find(
      progress.plan.images, progress.pull,
      [&](const engine::PullProgress& pull) {
        progress.pulled = true;
        sink.on_state(Preparing{Stage::image, pull.message, pull.percent});
      },
      cancel);
  if (!found && found.error().code == ErrorCode::image_unavailable && progress.pull == PullPolicy::never &&
      !engine::is_image_id(progress.plan.images.front()))
    found.error().message +=
        policy_.pull == PullPolicy::never
            ? ", or have \"pull\" in the configuration changed"
            : ", or run it with " + in_terms(spec.terms, {.fields = "\"pull\": \"missing\"",
                                                          .flags = "--pull missing",
                                                          .settings = "the setting dind.pull at missing"});
  co_return found;
}

void Runs::add_hints(const RunSpec& spec, const OutputTail& tail, RunResult& result) const {
  const auto workspace = sandboxes_.workspace_at(spec.workspace_root).value_or(sandboxes_.workspace());
  const auto* source = std::get_if<SourceProgram>(&spec.program);
  std::string folder = source != nullptr ? source->folder : std::string();
  if (folder.empty() && spec.workspace) folder = workspace.path + "/" + spec.writable_folder;
  auto found = hints({.spec = spec,
                      .result = result,
                      .language = tail.language(),
                      .out = tail.out(),
                      .err = tail.err(),
                      .folder = std::move(folder),
                      .internet_allowed = policy_.limits.allow_internet,
                      .own_authorities = !policy_.authorities.empty()});
  std::ranges::move(found, std::back_inserter(result.notes));
}

Task<Result<RunResult>> Runs::run_admitted(RunSpec spec, RunProgress& progress, EventSink& sink,
                                           std::shared_ptr<StdinPipe> input, TotalTimeout& time) {
  const Cancel cancel = time.cancel();
  auto slot = co_await admission_.enter(
      spec.caller.client, [&](std::size_t position) { sink.on_state(Queued{position}); }, cancel);
  if (!slot) co_return std::unexpected(slot.error());
  progress.slot = std::move(*slot);
  if (!spec.queue_counts) time.begin();
  if (const auto able = co_await check_isolation(progress.plan); !able) co_return std::unexpected(able.error());
  sandbox::RunPlan& plan = progress.plan;
  // If the operator sets `never`, a caller can't choose another value.
  progress.pull = policy_.pull == PullPolicy::never ? PullPolicy::never : spec.pull.value_or(policy_.pull);
  if (spec.pull && *spec.pull != progress.pull)
    plan.notes.push_back("pull " + std::string(to_string(*spec.pull)) + " is not allowed here; never is in force");

  Images::Found found;
  std::string built_by;
  if (const auto* program = std::get_if<BuildProgram>(&spec.program)) {
    progress.stage = Stage::build;
    auto built = co_await builds_.build(*program, plan.run_id, progress.pull, sink, cancel, spec.terms);
    if (!built) co_return std::unexpected(built.error());
    if (built->failure) co_return std::move(*built->failure);
    built_by = built->builder;
    plan.notes.insert(plan.notes.end(), built->notes.begin(), built->notes.end());
    found = {.name = std::move(built->name), .image = std::move(built->image)};
    plan.keep_warm = false;
  } else {
    auto there = co_await find_image(progress, spec, sink, cancel);
    if (!there) co_return std::unexpected(there.error());
    found = std::move(*there);
  }
  if (!plan.argv.empty() && !std::holds_alternative<SourceProgram>(spec.program) && !found.image.entrypoint.empty())
    plan.entrypoint = shortened(found.image.entrypoint.front(), 80);
  if (plan.working_dir.empty()) plan.image_dir = found.image.working_dir;
  if (const auto problem = sandbox::run_image_command(found.image, spec.args, plan); !problem)
    co_return std::unexpected(problem.error());
  co_await clamp_cpus(plan);
  if (plan.dependencies) {
    progress.stage = Stage::dependencies;
    auto failure = co_await packages_.install(plan, found.image, found.name, progress.packages, sink, cancel);
    if (!failure) co_return std::unexpected(failure.error());
    if (*failure) co_return std::move(**failure);
  }
  sandbox::add_authorities(plan, policy_.authorities);
  progress.stage = Stage::container;
  // With containerd's store each image has a digest. The digest of an image that was built here is not a registry's.
  const auto digest = built_by.empty() ? digest_of(found.name, found.image.repo_digests) : std::nullopt;
  auto result = co_await sandboxes_.run({.plan = std::move(plan),
                                         .image = std::move(found.image),
                                         .image_name = std::move(found.name),
                                         .input = std::move(input)},
                                        sink, cancel);
  if (!result) co_return result;
  result->image_digest = digest;
  result->builder = built_by;
  co_return result;
}

Task<Result<RunResult>> Runs::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) {
  auto made = plan(spec);
  if (!made) co_return std::unexpected(made.error());
  const std::string id = made->run_id;
  log(LogLevel::info, accepted_text(made->images, made->limits, made->network), id);
  const auto active = active_.add();  // may outlive this object: a suspended run is destroyed last

  RunProgress progress{.plan = std::move(*made)};
  TotalTimeout time(executor_, cancel, spec.total_timeout);
  OutputTail tail(sink);
  auto result = co_await run_admitted(spec, progress, tail, std::move(input), time);
  const Stage stage = progress.stage;
  const bool pulled = progress.pulled;
  spawn(executor_, "slot of run " + id, release_slot_when_removed(std::move(progress), sandboxes_, id));
  result = time.apply_to(std::move(result), id, stage, pulled);
  if (result) add_hints(spec, tail, *result);
  co_return result;
}

void Runs::warm_up_for(RunSpec spec) {
  if (!warm_ || !spec.keep_warm || !spec.dependencies.empty() || std::holds_alternative<BuildProgram>(spec.program))
    return;
  if (auto* source = std::get_if<SourceProgram>(&spec.program); source != nullptr && source->text.empty())
    source->text = "\n";
  spec.run_id.reset();
  // An error is ignored here, because the run itself reports it.
  if (auto made = plan(spec)) spawn(executor_, "an expected run", prepare_warm_sandbox(std::move(*made)));
}

std::size_t Runs::warm_sandbox_count() const { return sandboxes_.warm_pool_size(); }

RunCapacity Runs::capacity() const {
  const auto bounds = bounds_of(policy_);
  const auto counts = sandboxes_.counts();
  return {.slots = bounds.at_once, .queue_slots = bounds.queued, .warm = counts.warm, .cold = counts.cold};
}

Task<void> Runs::prepare_warm_sandbox(sandbox::RunPlan plan) {
  auto found = co_await images_.find(plan.images, PullPolicy::never, [](const engine::PullProgress&) {}, {});
  if (!found) co_return;
  if (const auto able = co_await check_isolation(plan); !able) co_return;
  co_await clamp_cpus(plan);
  if (warm_) co_await sandboxes_.warm_up(std::move(plan), std::move(found->image));
}

Task<void> Runs::maintain_warm_pool(Cancel cancel) {
  warm_ = policy_.enabled && policy_.warm_pool.max > 0;
  if (!warm_) co_return;
  sandboxes_.configure_warm_pool(policy_.warm_pool);
  spawn(executor_, "watching images", images_.follow_engine_events(cancel));
  while (!cancel.cancelled()) {
    for (const auto& language : policy_.warm_languages) {
      RunSpec spec;
      spec.program = SourceProgram{.file_name = {}, .text = {}, .language = language};
      warm_up_for(std::move(spec));
    }
    // Repeat before warm sandboxes are removed as idle, and soon after the engine answers again.
    co_await sleep_for(policy_.warm_languages.empty() ? Clock::duration(kRecheckInterval)
                                                      : std::min<Clock::duration>(policy_.warm_pool.max_idle / 2, 30s),
                       cancel);
  }
  warm_ = false;
  sandboxes_.close_warm_pool();
}

Task<void> Runs::begin_shutdown(Deadline deadline) {
  warm_ = false;
  shutdown_signal_.cancel(CancelReason::shutdown);
  sandboxes_.close_warm_pool();
  // A run without a container has no pending removal, but it must end too.
  co_await active_.wait_none(deadline);
  co_await builds_.wait_ended(deadline);
}

Task<bool> Runs::wait_all_removed(Deadline deadline) {
  co_await begin_shutdown(deadline);
  co_return co_await sandboxes_.wait_all_removed(deadline);
}

Task<bool> Runs::wait_all_removed_but_auto(Deadline deadline) {
  co_await begin_shutdown(deadline);
  co_return co_await sandboxes_.wait_all_removed_but_auto(deadline);
}

}  // namespace dind
