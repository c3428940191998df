#include "services/builds/image_builds.hpp"

#include <algorithm>
#include <exception>
#include <iterator>

#include "sandbox/labels.hpp"
#include "services/builds/active_build.hpp"
#include "services/builds/build_network.hpp"
#include "services/builds/build_notes.hpp"
#include "services/images/built_images.hpp"
#include "support/async/unless_cancelled.hpp"
#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kNameTime = 2s;               // when this process ends: for the engine's work after a build
constexpr std::size_t kMaxEarlyResults = 4;  // if the engine is slow at this work, the next builds wait for it
constexpr std::size_t kMaxSteps = 1000;      // steps that are events at any pace; output of a step may look like a step

// Cancels everything that still runs for a build when `build()` returns, unless `release()` was called.
class CancelOnExit {
 public:
  explicit CancelOnExit(Cancel cancel) : cancel_(std::move(cancel)) {}
  CancelOnExit(const CancelOnExit&) = delete;
  CancelOnExit& operator=(const CancelOnExit&) = delete;
  ~CancelOnExit() {
    if (!released_) cancel_.cancel(CancelReason::shutdown);
  }
  void release() { released_ = true; }

 private:
  Cancel cancel_;
  bool released_ = false;
};

Task<void> watch_network(std::shared_ptr<engine::HijackedStream> stream, std::shared_ptr<NetworkWatch> held,
                         Cancel cancel) {
  co_await sandbox::wait_holder_removed(std::move(stream));
  if (held->over) co_return;
  held->gone = true;
  cancel.cancel(CancelReason::shutdown);
}

}  // namespace

std::string_view to_string(Builder which) {
  return which == Builder::classic ? "classic" : which == Builder::buildkit ? "buildkit" : "auto";
}

std::optional<Builder> builder(std::string_view text) {
  for (const auto each : {Builder::automatic, Builder::classic, Builder::buildkit})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

ImageBuilds::ImageBuilds(asio::any_io_executor executor, engine::Client& client, sandbox::SandboxHost& sandboxes,
                         Images& images, BuildPolicy policy)
    : executor_(std::move(executor)),
      client_(client),
      sandboxes_(sandboxes),
      images_(images),
      policy_(policy),
      work_(executor_),
      closed_(executor_) {}

// Creates the network of the steps while the context is sent.
Task<void> ImageBuilds::create_network(std::shared_ptr<ActiveBuild> build, std::string run_id, std::string name) {
  Result<sandbox::NetworkHolder> held = fail(ErrorCode::internal, "");
  try {
    held = co_await unless_cancelled(
        executor_, "network of run " + run_id,
        sandboxes_.create_build_network(run_id, std::move(name), policy_.timeout, build->cancel), build->cancel);
  } catch (const std::exception& escaped) {  // no memory or no descriptor: `build()` waits for this result
    held = fail(ErrorCode::internal, std::string("A build's network could not be made: ") + escaped.what());
  }
  if (held) {
    // The engine identifies the network of a step by the ID of the network's container.
    if (build->steps) build->steps->set_network("container:" + held->id);
    spawn(executor_, "watch of a build's network", watch_network(held->stream, build->held, build->cancel));
    build->upload->allow_steps();
  }
  build->network = std::move(held);
  build->changed.notify();
  if (!*build->network) build->cancel.cancel(CancelReason::shutdown);
}

void ImageBuilds::on_line(ActiveBuild& build, const engine::BuildLine& line) {
  if (build.ended()) return;
  if (!line.stage.empty()) {
    if (build.authors.stage_is_whole() && early_results() < kMaxEarlyResults)
      build.finish(engine::BuildOutcome{.image_id = line.stage, .failure = {}});
    return;
  }
  if (build.steps && !line.container.empty()) return build.steps->on_step_container(line.container);
  if (build.steps && !line.image.empty()) return build.steps->on_step_image(line.image);
  auto text = line.step ? build.authors.line(line.text) : line.text;
  if (!text) return;
  text = with_name(std::move(*text), build.upload->context().dockerfile, build.dockerfile_name);
  // The events showed the earlier steps. If the build fails, only the output of the last step is needed.
  if (line.step && !buildkit()) build.tail = KeptTail();
  if (!line.step || !buildkit()) build.tail.add(line.goes_on ? *text : *text + '\n');
  if (!build.pace.due() && !(line.step && ++build.step_events <= kMaxSteps)) return;
  const auto percent = line.step ? percent_of(*text) : std::nullopt;
  build.sink->on_state(Preparing{Stage::build, std::move(*text), percent});
}

Task<void> ImageBuilds::submit(std::shared_ptr<ActiveBuild> build, engine::ImageBuild request) {
  Result<engine::BuildOutcome> outcome = fail(ErrorCode::internal, "");
  try {
    outcome = co_await client_.build_image(
        std::move(request), [&](const engine::BuildLine& line) { on_line(*build, line); }, build->cancel,
        build->deadline);
  } catch (const std::exception& escaped) {  // `build()` waits for this result
    outcome = fail(ErrorCode::internal, std::string("An image could not be built: ") + escaped.what());
  }
  if (build->ended() && (outcome ? outcome->failure.has_value() : outcome.error().code != ErrorCode::cancelled))
    log(LogLevel::warning,
        "A built image could not be given its name; the next build names it: " +
            (outcome ? outcome->failure->message : outcome.error().message),
        build->run_id);
  const auto named = [&](std::string& text) {
    text = with_name(std::move(text), build->upload->context().dockerfile, build->dockerfile_name);
  };
  if (!outcome)
    named(outcome.error().message);
  else if (outcome->failure)
    named(outcome->failure->message);
  build->finish(std::move(outcome));
  open_.erase(build);
  closed_.notify();
}

std::size_t ImageBuilds::early_results() const {
  return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& each) { return each->ended(); }));
}

Task<void> ImageBuilds::wait_ended(Deadline deadline) {
  const Deadline patience = std::min(deadline, in(kNameTime));
  co_await until(closed_, [this] { return open_.empty(); }, patience);
  for (const auto& each : std::set(open_)) each->cancel.cancel(CancelReason::shutdown);
  co_await until(closed_, [this] { return open_.empty(); }, deadline);
}

engine::ImageBuild ImageBuilds::request_for(const ActiveBuild& build) const {
  return {.context = build.upload->context().tar,
          .dockerfile = build.upload->context().dockerfile,
          .tag = build.built.name,
          .labels = {{sandbox::kBuiltLabel, "build"}},
          .network_mode = "none",
          .memory_bytes = policy_.memory_bytes,
          .cpus = policy_.cpus,
          .max_file_bytes = policy_.disk_bytes,
          .pull = false,
          .buildkit = buildkit(),
          .registry_config = {},
          .arguments = build.program.arguments,
          .target = build.program.target};
}

Task<void> ImageBuilds::set_network(std::shared_ptr<ActiveBuild> build, engine::ImageBuild& request, EventSink& sink) {
  // A build that runs no program needs no network.
  build->needs_network = policy_.network && !buildkit() && build->bases.run;
  if (build->needs_network) {
    sink.on_state(Preparing{Stage::build, "Installing the egress filter of the build's network", {}});
    const auto name = sandbox::container_prefix(build->run_id) + random_id(4) + ".network";
    request.network_mode = "container:" + name;
    spawn(executor_, "egress filter of a build", create_network(build, build->run_id, name));
    co_return;
  }
  if (buildkit()) {
    if (policy_.network) request.network_mode = "default";
    // Read for every build, because the engine may have another bound after a restart.
    const auto info = co_await unless_cancelled(executor_, "bound of run " + build->run_id,
                                                client_.info(in(kBuildCallTime)), build->cancel);
    if (info) build->bound = engine::parse_buildkit_bound(info->labels);
    if (auto note = buildkit_note(build->bound); !note.empty()) build->built.notes.push_back(std::move(note));
  }
  build->upload->allow_steps();
}

Task<void> ImageBuilds::await_end(std::shared_ptr<ActiveBuild> build) {
  co_await until(build->changed, [&] { return build->ended(); });
  if (build->steps && build->done())
    (void)co_await unless_cancelled(executor_, "steps of run " + build->run_id,
                                    build->steps->finish(build->outcome->image_id), build->cancel);
  build->over_disk = build->steps && build->steps->exceeded();
  if (!build->done()) build->cancel.cancel(CancelReason::shutdown);
  co_await until(build->changed, [&] { return !build->needs_network || build->network; });
}

RunResult ImageBuilds::failed(ActiveBuild& build, EventSink& sink) const {
  const auto failure = build_failure(build.facts(false), policy_, build.bound);
  RunResult result;
  result.run_id = build.run_id;
  result.stage = Stage::build;
  result.verdict = failure.verdict;
  result.exit_code = failure.exit_code;
  result.notes = {failure.note};
  const auto* step = build.outcome && build.outcome->failure ? &*build.outcome->failure : nullptr;
  if (step != nullptr) build.tail.add(to_author_lines(step->message, build.lines_after) + '\n');
  const auto words = build.tail.take();
  if (step != nullptr && failure.verdict == Verdict::failed)
    std::ranges::copy(failed_build_notes(build.dockerfile, circumstances(build), step->message, words),
                      std::back_inserter(result.notes));
  std::ranges::copy(build.built.notes, std::back_inserter(result.notes));
  if (!words.empty()) sink.on_output(Channel::err, words, {});
  result.stderr_bytes = words.size();
  result.image = build.built.name;
  result.builder = build.built.builder;
  return result;
}

Task<Result<ImageBuilds::Built>> ImageBuilds::take_image(std::shared_ptr<ActiveBuild> build, Cancel caller) {
  auto image = co_await unless_cancelled(executor_, "image of run " + build->run_id,
                                         client_.inspect_image(build->outcome->image_id, in(kBuildCallTime)), caller);
  if (!image) co_return std::unexpected(image.error());
  if (!*image)
    co_return fail(ErrorCode::engine_error,
                   "The engine at " + client_.endpoint().address + " built an image, but no longer has it. Try again");
  build->built.image = std::move(**image);
  images_.note_use(build->built.name, build->built.image);
  build->network.reset();
  build->steps.reset();
  co_return build->built;
}

Task<Result<ImageBuilds::Built>> ImageBuilds::outcome(std::shared_ptr<ActiveBuild> build, EventSink& sink,
                                                      Cancel caller) {
  const auto collected = co_await build->upload->collected();
  if (collected) build->built.notes.insert(build->built.notes.end(), collected->notes.begin(), collected->notes.end());
  switch (build_end(build->facts(caller.cancelled()))) {
    case BuildEnd::cancelled:
      co_return collected ? fail(ErrorCode::cancelled, "The run was cancelled while its image was built")
                          : std::unexpected(collected.error());
    case BuildEnd::network_lost: {
      const bool holder = build->network && *build->network;
      co_return std::unexpected(co_await build_network_lost(client_, holder ? (**build->network).id : std::string()));
    }
    case BuildEnd::part_failed:
      co_return std::unexpected(*build->cause());
    case BuildEnd::engine_failed:
      co_return std::unexpected(build->outcome.error());
    case BuildEnd::failure:
      build->built.failure = failed(*build, sink);
      co_return build->built;
    case BuildEnd::image:
      break;
  }
  co_return co_await take_image(build, std::move(caller));
}

Task<Result<ImageBuilds::Built>> ImageBuilds::build(BuildProgram program, std::string run_id, PullPolicy pull,
                                                    EventSink& sink, Cancel cancel, Terms terms) {
  if (!policy_.enabled)
    co_return fail(ErrorCode::invalid_request,
                   "This server builds no images; use an image that exists, or ask the operator (build.enabled)");
  const auto build = std::make_shared<ActiveBuild>(executor_, std::move(run_id), std::move(program), terms);
  const auto follows = relay(cancel, build->cancel);
  CancelOnExit on_exit(build->cancel);
  if (auto ready = co_await prepare(build, pull, sink); !ready) co_return std::unexpected(ready.error());
  auto request = request_for(*build);
  if (!buildkit())
    build->steps.emplace(executor_, client_, StepBounds{.processes = policy_.pids, .disk_bytes = policy_.disk_bytes},
                         request.network_mode, build->bases.sizes,
                         [inner = build->cancel]() mutable { inner.cancel(CancelReason::shutdown); });
  co_await set_network(build, request, sink);
  build->phase = ActiveBuild::Phase::running;
  open_.insert(build);
  spawn(executor_, "build of run " + build->run_id, submit(build, std::move(request)));
  co_await await_end(build);
  auto result = co_await outcome(build, sink, cancel);
  if (result && !result->failure) on_exit.release();  // only the engine still works on the build
  co_return result;
}

}  // namespace dind
