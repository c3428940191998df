#include "services/runs.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "sandbox/planner.hpp"
#include "services/image_reference.hpp"
#include "support/ids.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostAtOnce = 64;

// Twice the cores, since most programs wait for something, as long as the memory holds them at their default limit.
std::size_t default_runs(const Limits& limits) {
  const std::size_t by_cores = 2 * std::max(1U, std::thread::hardware_concurrency());
  const auto memory = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const auto by_memory =
      static_cast<std::size_t>(std::max<std::int64_t>(1, memory / std::max<std::int64_t>(1, limits.memory_bytes)));
  return std::clamp<std::size_t>(std::min(by_cores, by_memory), 1, kMostAtOnce);
}

bool is_run_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

// The place is taken until the container is gone: a slow engine must not pile up more than it was allowed.
Task<void> keep_until_gone(Admission::Place place, sandbox::Removals& removals, std::string containers) {
  [[maybe_unused]] const auto held = std::move(place);
  co_await removals.gone(containers, in(60s));
}

}  // namespace

Runs::Runs(asio::any_io_executor executor, engine::Client& client, sandbox::Sandboxes& sandboxes,
           RegistryCredentials credentials, RunPolicy policy)
    : executor_(executor),
      client_(client),
      sandboxes_(sandboxes),
      policy_(std::move(policy)),
      images_(executor, client, std::move(credentials)),
      admission_(executor,
                 policy_.concurrent_runs != 0 ? policy_.concurrent_runs : default_runs(policy_.limits.defaults),
                 policy_.queued_runs) {}

Result<sandbox::RunPlan> Runs::plan(const RunSpec& spec) const {
  if (!policy_.enabled)
    return fail(ErrorCode::invalid_request,
                "Running code is switched off here (DIND_ENABLED or \"enabled\" in the configuration)");
  if (spec.run_id && !is_run_id(*spec.run_id))
    return fail(ErrorCode::invalid_request, "A run id has 1 to 64 of the characters A-Z a-z 0-9 _ -");
  if (spec.run_id && active_.contains(*spec.run_id))
    return fail(ErrorCode::invalid_request, "A run with the id " + *spec.run_id + " is under way; take another id");
  if (spec.network == Network::internet && !policy_.limits.allow_internet)
    return fail(
        ErrorCode::invalid_request,
        "The network \"internet\" is not allowed here; run it without, or ask the operator (limits.allowInternet)");
  auto granted = grant(policy_.limits, spec.limits);
  if (!granted) return std::unexpected(granted.error());
  auto made = sandbox::make_plan(spec, granted->limits, policy_.images, spec.run_id.value_or(random_id()));
  if (made) made->notes.insert(made->notes.begin(), granted->notes.begin(), granted->notes.end());
  return made;
}

Task<void> Runs::fit_cpus(sandbox::RunPlan& plan) {
  if (plan.limits.cpus <= 1) co_return;  // every machine has one
  if (engine_cpus_ == 0) {
    const auto info = co_await client_.info(in(5s));
    if (!info || info->cpus <= 0) co_return;
    engine_cpus_ = info->cpus;
  }
  if (plan.limits.cpus <= engine_cpus_) co_return;
  plan.limits.cpus = engine_cpus_;
  plan.notes.push_back("the engine's machine has " + std::to_string(engine_cpus_) + " CPUs; all of them are in force");
}

Task<Result<RunResult>> Runs::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) {
  auto made = plan(spec);
  if (!made) co_return std::unexpected(made.error());
  const std::string id = made->run_id;
  struct Active {
    std::map<std::string, int>& ids;
    std::string id;
    Active(std::map<std::string, int>& m, std::string i) : ids(m), id(std::move(i)) { ++ids[id]; }
    Active(const Active&) = delete;
    Active& operator=(const Active&) = delete;
    ~Active() { ids.erase(id); }
  } const active(active_, id);

  auto place = co_await admission_.enter([&](std::size_t position) { sink.on_state(Queued{position}); }, cancel);
  if (!place) co_return std::unexpected(place.error());
  // An operator's `never` holds whatever a caller wishes.
  const auto pull = policy_.pull == PullPolicy::never ? PullPolicy::never : spec.pull.value_or(policy_.pull);
  if (spec.pull && *spec.pull != pull)
    made->notes.push_back("pull " + std::string(name(*spec.pull)) + " is not allowed here; never is in force");
  auto found = co_await images_.find(
      made->images, pull,
      [&](const engine::PullProgress& progress) {
        sink.on_state(Preparing{Stage::image, progress.message, progress.percent});
      },
      cancel);
  if (!found) {
    if (found.error().code == ErrorCode::image_unavailable && pull == PullPolicy::never)
      found.error().message += policy_.pull == PullPolicy::never ? ", or have \"pull\" in the configuration changed"
                                                                 : ", or run with --pull missing";
    co_return std::unexpected(found.error());
  }
  co_await fit_cpus(*made);
  const auto digest = digest_of(found->name, found->image.repo_digests);
  auto result = co_await sandboxes_.run(std::move(*made), std::move(found->image), std::move(found->name), sink,
                                        std::move(input), cancel);
  spawn(executor_, "place of run " + id,
        keep_until_gone(std::move(*place), sandboxes_.removals(), sandbox::Sandboxes::container_prefix(id)));
  if (result) result->image_digest = digest;
  co_return result;
}

Task<bool> Runs::idle(Deadline deadline) { return sandboxes_.removals().idle(deadline); }

}  // namespace dind
