#include "services/image_builds.hpp"

#include <charconv>

#include "sandbox/build_context.hpp"
#include "services/dockerfile.hpp"
#include "services/garbage.hpp"
#include "services/kept_tail.hpp"
#include "support/ids.hpp"
#include "support/on_thread.hpp"
#include "support/units.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kCallTime = 15s;
constexpr auto kHolderTime = 60s;
constexpr int kKilled = 137;
constexpr std::size_t kMostSteps = 1000;  // that are events whatever the pace; a step's output may look like one

// "Step 2/5 : RUN …" and "[2/5] RUN …": how much was done when it began.
std::optional<int> percent_of(std::string_view line) {
  const auto slash = line.find('/');
  const auto first = line.find_first_of("0123456789");
  if (slash == std::string_view::npos || first == std::string_view::npos || first > slash) return std::nullopt;
  int step = 0;
  int all = 0;
  std::from_chars(line.data() + first, line.data() + slash, step);
  std::from_chars(line.data() + slash + 1, line.data() + line.size(), all);
  if (step < 1 || all < step) return std::nullopt;
  return 100 * (step - 1) / all;
}

RunResult failed_build(const std::string& run_id, Verdict verdict, const std::string& note) {
  RunResult result;
  result.run_id = run_id;
  result.verdict = verdict;
  result.stage = Stage::build;
  if (verdict == Verdict::failed) result.exit_code = 1;
  result.notes.push_back(note);
  return result;
}

}  // namespace

std::string_view name(Builder which) {
  return which == Builder::classic ? "classic" : which == Builder::buildkit ? "buildkit" : "auto";
}

std::optional<Builder> builder(std::string_view text) {
  for (const auto each : {Builder::automatic, Builder::classic, Builder::buildkit})
    if (name(each) == text) return each;
  return std::nullopt;
}

ImageBuilds::ImageBuilds(asio::any_io_executor executor, engine::Client& client, sandbox::Sandboxes& sandboxes,
                         Images& images, BuildPolicy policy)
    : executor_(std::move(executor)), client_(client), sandboxes_(sandboxes), images_(images), policy_(policy) {}

Task<Result<std::string>> ImageBuilds::bases(const std::string& dockerfile, PullPolicy pull, EventSink& sink,
                                             Cancel cancel) {
  std::string first;
  for (const auto& base : base_images(dockerfile)) {
    const auto found = co_await images_.find(
        {base}, pull,
        [&](const engine::PullProgress& progress) {
          sink.on_state(Preparing{Stage::image, progress.message, progress.percent});
        },
        cancel);
    if (!found) co_return std::unexpected(found.error());
    if (first.empty()) first = found->image.id;
  }
  co_return first;
}

Task<Result<sandbox::NetworkHolder>> ImageBuilds::network(std::string image_id, std::string run_id, Deadline deadline) {
  if (image_id.empty()) {  // nothing but `scratch`, or a name that only the builder knows: any image will do
    const auto any = co_await client_.list_images({}, deadline);
    if (!any) co_return std::unexpected(any.error());
    if (any->empty())
      co_return fail(ErrorCode::image_unavailable,
                     "The engine at " + client_.endpoint().address +
                         " has no image yet, and the Dockerfile's FROM is named by an argument: pull its image first");
    image_id = any->front().id;
  }
  auto& fixtures = sandboxes_.fixtures();
  if (const auto ready = co_await fixtures.ensure_supervisor(image_id, deadline); !ready)
    co_return std::unexpected(ready.error());
  if (const auto ready = co_await fixtures.ensure_internet(deadline); !ready) co_return std::unexpected(ready.error());
  const auto image = co_await client_.inspect_image(image_id, deadline);
  if (!image) co_return std::unexpected(image.error());
  if (!*image) co_return fail(ErrorCode::image_unavailable, "The base image went away meanwhile. Try again");
  sandbox::RunPlan plan;
  plan.run_id = run_id;
  plan.limits.pids = 64;
  const auto expires = std::chrono::system_clock::now() + policy_.timeout + 5min;
  co_return co_await sandbox::hold_network(
      client_, sandboxes_.removals(), std::move(plan),
      {.image = **image,
       .supervisor_volume = fixtures.supervisor_volume(),
       .owner = sandboxes_.owner(),
       .remove_after = std::chrono::system_clock::to_time_t(
           std::chrono::time_point_cast<std::chrono::system_clock::duration>(expires))},
      sandbox::Sandboxes::container_prefix(run_id) + random_id(4) + ".network", deadline);
}

Task<Result<ImageBuilds::Built>> ImageBuilds::build(BuildProgram program, std::string run_id, PullPolicy pull,
                                                    EventSink& sink, Cancel cancel) {
  if (!policy_.enabled)
    co_return fail(ErrorCode::invalid_request,
                   "Images are not built here; name one that is there, or ask the operator (build.enabled)");
  const bool buildkit = policy_.builder == Builder::buildkit;
  Built built{.image = {},
              .name = std::string(kBuiltNames) +
                      "build:" + sha256(program.context_path + '\0' + program.dockerfile).substr(0, 32),
              .failure = {},
              .builder = std::string(name(buildkit ? Builder::buildkit : Builder::classic)),
              .notes = {}};
  sink.on_state(Preparing{Stage::build, "Collecting the build's context", {}});
  auto context = co_await on_thread<Result<sandbox::BuildContext>>(
      executor_, [request = sandbox::ContextRequest{.root = sandboxes_.workspace().path,
                                                    .path = program.context_path,
                                                    .dockerfile = program.dockerfile,
                                                    .hide_dockerfile = !buildkit,
                                                    .most_bytes = policy_.most_context_bytes}] {
        return sandbox::make_context(request);
      });
  if (!context) co_return std::unexpected(context.error());
  built.notes = context->notes;
  const auto base = co_await bases(program.dockerfile, pull, sink, cancel);
  if (!base) co_return std::unexpected(base.error());

  engine::ImageBuild build{.context = context->tar,
                           .dockerfile = context->dockerfile,
                           .tag = built.name,
                           .labels = {{kBuiltLabel, "build"}},
                           .network_mode = "none",
                           .memory_bytes = policy_.memory_bytes,
                           .cpus = policy_.cpus,
                           .pull = false,
                           .buildkit = buildkit,
                           .registry_config = {}};
  std::optional<sandbox::NetworkHolder> holder;
  if (policy_.network && buildkit) {
    build.network_mode = "default";
    built.notes.emplace_back(
        "built by BuildKit, whose steps have no bound on memory and the engine's own network; the classic builder has "
        "both (build.builder)");
  } else if (policy_.network) {
    sink.on_state(Preparing{Stage::build, "Fencing in the build's network", {}});
    auto held = co_await network(*base, run_id, in(kHolderTime));
    if (!held) co_return std::unexpected(held.error());
    holder = std::move(*held);
    build.network_mode = "container:" + holder->id;
  }
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");

  KeptTail tail;
  EventPace pace;
  std::size_t steps = 0;
  const auto deadline = in(policy_.timeout);
  const auto outcome = co_await client_.build_image(
      std::move(build),
      [&](const engine::BuildLine& line) {
        tail.add(line.text + '\n');
        if (!pace.due() && !(line.step && ++steps <= kMostSteps)) return;
        sink.on_state(Preparing{Stage::build, line.text, line.step ? percent_of(line.text) : std::nullopt});
      },
      cancel, deadline);
  if (!outcome) {
    if (Clock::now() < deadline || cancel.cancelled()) co_return std::unexpected(outcome.error());
    built.failure = failed_build(run_id, Verdict::timeout,
                                 "the build took longer than " + format_duration(policy_.timeout) + " (build.timeout)");
  } else if (outcome->failure) {
    const auto& failure = *outcome->failure;
    const bool killed = failure.exit_code == kKilled && !buildkit;
    built.failure = failed_build(run_id, killed ? Verdict::out_of_memory : Verdict::failed,
                                 killed ? "a step of the build was killed: it may have " +
                                              format_bytes(policy_.memory_bytes) + " of memory (build.memory)"
                                        : "the image could not be built");
    if (failure.exit_code != 0 && !killed) built.failure->exit_code = failure.exit_code;
    tail.add(failure.message + '\n');
  }
  if (built.failure) {
    const auto text = tail.take();
    if (!text.empty()) sink.on_output(Channel::err, text, {});
    built.failure->stderr_bytes = text.size();
    built.failure->image = built.name;
    built.failure->builder = built.builder;
    co_return built;
  }
  auto image = co_await client_.inspect_image(outcome->image_id, in(kCallTime));
  if (!image) co_return std::unexpected(image.error());
  if (!*image)
    co_return fail(ErrorCode::engine_error,
                   "The engine at " + client_.endpoint().address + " built an image and does not have it. Try again");
  built.image = std::move(**image);
  co_return built;
}

}  // namespace dind
