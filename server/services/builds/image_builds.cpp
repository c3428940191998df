#include "services/builds/image_builds.hpp"

#include <algorithm>
#include <exception>
#include <iterator>

#include "sandbox/labels.hpp"
#include "services/builds/active_build.hpp"
#include "services/builds/build_context.hpp"
#include "services/builds/build_network.hpp"
#include "services/builds/build_notes.hpp"
#include "services/images/built_images.hpp"
#include "support/async/unless_cancelled.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kCallTime = 15s;
constexpr auto kNameTime = 2s;               // when this process ends: for the engine's work after a build
constexpr std::size_t kMaxEarlyResults = 4;  // if the engine is slow at this work, the next builds wait for it
constexpr int kKilled = 137;
constexpr int kFileTooLarge = 128 + 25;  // SIGXFSZ
constexpr std::size_t kMaxSteps = 1000;  // steps that are events at any pace; output of a step may look like a step

std::string label_step() { return "LABEL " + std::string(sandbox::kBuiltLabel) + "=build"; }

// The same request has the same key, because the content of the request decides the result.
std::string build_key(const BuildProgram& program) {
  std::string parts = program.context_root + program.context_path + '\0' + program.dockerfile;
  if (!program.arguments.empty() || !program.target.empty()) {
    parts += '\0' + program.target;
    for (const auto& [name, value] : program.arguments) parts += '\0' + name + '=' + value;
  }
  return sha256(parts).substr(0, 32);
}

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
    : executor_(std::move(executor)),
      client_(client),
      sandboxes_(sandboxes),
      images_(images),
      policy_(policy),
      work_(executor_),
      closed_(executor_) {}

Result<std::shared_ptr<BuildUpload>> ImageBuilds::upload(const BuildProgram& program, const std::string& dockerfile,
                                                         Cancel cancel) {
  // If the program has its own root, a person at this machine's terminal or editor named this folder.
  const bool own_root = !program.context_root.empty();
  ContextRequest request{.root = own_root ? program.context_root : sandboxes_.workspace().path,
                         .path = program.context_path,
                         .dockerfile = dockerfile,
                         .dockerfile_name = program.dockerfile_name,
                         .ignore = program.ignore,
                         .hide_dockerfile = !buildkit(),
                         .most_bytes = policy_.max_context_bytes};
  auto context = begin_context(request);
  if (!context) return std::unexpected(context.error());
  auto begun = std::make_shared<BuildUpload>(executor_, std::move(*context));
  spawn(executor_, "context of a build", BuildUpload::collect(begun, work_, std::move(request), std::move(cancel)));
  return begun;
}

Task<Result<ImageBuilds::Bases>> ImageBuilds::bases(const Dockerfile& dockerfile, const BuildProgram& program,
                                                    PullPolicy pull, EventSink& sink, Cancel cancel, Terms terms) {
  Bases all;
  KnownImages known;
  SourceRules rules{.buildkit = buildkit(),
                    .remote = policy_.remote_sources,
                    .arguments = program.arguments,
                    .target = program.target,
                    .terms = terms};
  if (buildkit()) {
    const auto version =
        co_await unless_cancelled(executor_, "platform of a build", client_.version(in(kCallTime)), cancel);
    if (!version) co_return std::unexpected(version.error());
    rules.os = version->os;
    rules.arch = version->arch;
  }
  // The ONBUILD triggers of an image may name other images.
  for (bool news = true; news;) {
    news = false;
    const auto names = image_sources(dockerfile, known, rules);
    if (!names) co_return std::unexpected(names.error());
    for (const auto& name : *names) {
      if (known.contains(name)) continue;
      const auto found = co_await images_.find(
          {name}, pull,
          [&](const engine::PullProgress& progress) {
            sink.on_state(Preparing{Stage::image, progress.message, progress.percent});
          },
          cancel);
      if (!found) co_return std::unexpected(found.error());
      const auto& image = found->image;
      auto size = image.size;
      if (image.size_is_packed && !buildkit()) {  // the disk bound counts unpacked bytes, which the steps write
        const auto unpacked = co_await client_.unpacked_image_size(image.id, in(kCallTime));
        if (!unpacked) co_return std::unexpected(unpacked.error());
        size = *unpacked;
      }
      all.sizes.emplace(image.id, size);
      all.on_build.insert(all.on_build.end(), image.on_build.begin(), image.on_build.end());
      known.emplace(name, BaseFacts{.env = image.env, .on_build = image.on_build, .arch = image.arch});
      news = true;
    }
  }
  all.run = runs_something(dockerfile, known);
  co_return all;
}

// Creates the network of the steps while the context is sent.
Task<void> ImageBuilds::create_network(std::shared_ptr<ActiveBuild> build, std::string run_id, std::string name) {
  Result<sandbox::NetworkHolder> held = fail(ErrorCode::internal, "");
  try {
    held = co_await unless_cancelled(
        executor_, "network of run " + run_id,
        build_network(client_, sandboxes_, run_id, std::move(name), policy_.timeout, build->cancel), build->cancel);
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
  if (build.finished) return;
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
  if (build->finished && (outcome ? outcome->failure.has_value() : outcome.error().code != ErrorCode::cancelled))
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
  return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& each) { return each->finished; }));
}

Task<void> ImageBuilds::wait_ended(Deadline deadline) {
  const Deadline patience = std::min(deadline, in(kNameTime));
  while (!open_.empty() && Clock::now() < patience) co_await closed_.wait(patience);
  for (const auto& each : std::set(open_)) each->cancel.cancel(CancelReason::shutdown);
  while (!open_.empty() && Clock::now() < deadline) co_await closed_.wait(deadline);
}

// The result of a build that failed because of its Dockerfile or a limit.
RunResult ImageBuilds::failure_of(const ActiveBuild& build, const std::string& run_id) const {
  RunResult result;
  result.run_id = run_id;
  result.stage = Stage::build;
  const auto is = [&](Verdict verdict, std::string note) {
    result.verdict = verdict;
    result.notes.push_back(std::move(note));
    return result;
  };
  const int code = build.outcome && build.outcome->failure ? build.outcome->failure->exit_code : 0;
  if (build.over_disk)
    return is(Verdict::disk_limit,
              "the build took more than " + format_bytes(policy_.disk_bytes) + " of disk (build.disk)");
  if (!build.outcome)
    return is(Verdict::timeout, "the build took longer than " + format_duration(policy_.timeout) + " (build.timeout)");
  if (code == kKilled && !buildkit())
    return is(Verdict::out_of_memory, "a step of the build was killed: it may have " +
                                          format_bytes(policy_.memory_bytes) + " of memory (build.memory)");
  if (code == kKilled && build.bound) return is(Verdict::out_of_memory, buildkit_killed_note(*build.bound));
  if (code == kFileTooLarge && !buildkit())
    return is(Verdict::disk_limit,
              "a step wrote a file of more than " + format_bytes(policy_.disk_bytes) + " (build.disk)");
  result.exit_code = code != 0 ? code : 1;
  return is(Verdict::failed, "the image could not be built");
}

Task<Result<ImageBuilds::Built>> ImageBuilds::build(BuildProgram program, std::string run_id, PullPolicy pull,
                                                    EventSink& sink, Cancel cancel, Terms terms) {
  if (!policy_.enabled)
    co_return fail(ErrorCode::invalid_request,
                   "This server builds no images; use an image that exists, or ask the operator (build.enabled)");
  Built built{.image = {},
              .name = std::string(kBuiltNames) + "build:" + build_key(program),
              .failure = {},
              .builder = std::string(name(buildkit() ? Builder::buildkit : Builder::classic)),
              .notes = {}};
  const auto build = std::make_shared<ActiveBuild>(executor_, run_id);
  const auto follows = cancel.on_cancel([inner = build->cancel, cancel]() mutable { inner.cancel(*cancel.reason()); });
  CancelOnExit on_exit(build->cancel);
  const auto dockerfile = read_dockerfile(program.dockerfile);
  build->dockerfile_name = program.dockerfile_name.empty() ? "Dockerfile" : program.dockerfile_name;
  if (dockerfile.readings.front().instructions.empty())
    co_return fail(ErrorCode::invalid_request,
                   build->dockerfile_name + ": file with no instructions: it needs a FROM line at least");
  const BuildCircumstances circumstances{.buildkit = buildkit(),
                                         .has_files = !program.context_path.empty(),
                                         .arguments = program.arguments,
                                         .terms = terms};
  built.notes = build_notes(dockerfile, circumstances);
  const auto target = find_stage(dockerfile.readings.front(), program.target);
  const std::size_t stages = target && !program.target.empty() ? *target + 1 : SIZE_MAX;
  if (auto refused = not_for_this_builder(dockerfile, circumstances, build->dockerfile_name, stages))
    co_return std::unexpected(std::move(*refused));
  // The classic builder labels only its last step. What a failed build leaves would then have no label. A label in the
  // first step is in all later ones.
  auto text = buildkit() ? InsertedLines{.text = program.dockerfile, .after = {}}
                         : insert_after_each_from(program.dockerfile, dockerfile, label_step(), stages);
  sink.on_state(Preparing{Stage::build, "Collecting the build's context", {}});
  auto uploaded = upload(program, text.text, build->cancel);
  if (!uploaded) co_return std::unexpected(uploaded.error());
  build->upload = std::move(*uploaded);
  auto base = co_await bases(dockerfile, program, pull, sink, build->cancel, terms);
  if (!base) co_return std::unexpected(build->cause().value_or(base.error()));
  if (auto note = unused_arguments_note(dockerfile, circumstances, base->on_build); !note.empty())
    built.notes.push_back(std::move(note));
  build->bases = std::move(*base);
  build->lines_after = std::move(text.after);
  build->authors = StepNumbering(label_step(), build->lines_after.size());
  build->sink = &sink;
  build->deadline = in(policy_.timeout);

  engine::ImageBuild request{.context = build->upload->context().tar,
                             .dockerfile = build->upload->context().dockerfile,
                             .tag = built.name,
                             .labels = {{sandbox::kBuiltLabel, "build"}},
                             .network_mode = "none",
                             .memory_bytes = policy_.memory_bytes,
                             .cpus = policy_.cpus,
                             .most_file_bytes = policy_.disk_bytes,
                             .pull = false,
                             .buildkit = buildkit(),
                             .registry_config = {},
                             .arguments = program.arguments,
                             .target = program.target};
  if (!buildkit())
    build->steps.emplace(executor_, client_, StepBounds{.processes = policy_.pids, .disk_bytes = policy_.disk_bytes},
                         request.network_mode, build->bases.sizes,
                         [inner = build->cancel]() mutable { inner.cancel(CancelReason::shutdown); });
  // A build that runs no program needs no network.
  const bool fenced = policy_.network && !buildkit() && build->bases.run;
  if (fenced) {
    sink.on_state(Preparing{Stage::build, "Installing the egress filter of the build's network", {}});
    const auto name = sandbox::Sandboxes::container_prefix(run_id) + random_id(4) + ".network";
    request.network_mode = "container:" + name;
    spawn(executor_, "egress filter of a build", create_network(build, run_id, name));
  } else {
    if (buildkit()) {
      if (policy_.network) request.network_mode = "default";
      // Read for every build, because the engine may have another bound after a restart.
      const auto info =
          co_await unless_cancelled(executor_, "bound of run " + run_id, client_.info(in(kCallTime)), build->cancel);
      if (info) build->bound = engine::parse_buildkit_bound(info->labels);
      if (auto note = buildkit_note(build->bound); !note.empty()) built.notes.push_back(std::move(note));
    }
    build->upload->allow_steps();
  }
  open_.insert(build);
  spawn(executor_, "build of run " + run_id, submit(build, std::move(request)));
  while (!build->finished) co_await build->changed.wait(in(1h));
  if (build->steps && build->done())
    (void)co_await unless_cancelled(executor_, "steps of run " + run_id, build->steps->finish(build->outcome->image_id),
                                    build->cancel);
  build->over_disk = build->steps && build->steps->exceeded();
  if (!build->done()) build->cancel.cancel(CancelReason::shutdown);
  while (fenced && !build->network) co_await build->changed.wait(in(1h));
  const auto collected = co_await build->upload->collected();
  if (collected) built.notes.insert(built.notes.end(), collected->notes.begin(), collected->notes.end());
  if (!build->outcome && cancel.cancelled())
    co_return collected ? fail(ErrorCode::cancelled, "The run was cancelled while its image was built")
                        : std::unexpected(collected.error());
  if (build->network_gone && !build->done()) {
    const bool holder = build->network && *build->network;
    co_return std::unexpected(co_await build_network_lost(client_, holder ? (**build->network).id : std::string()));
  }
  if (!build->outcome && !build->over_disk)
    if (auto cause = build->cause()) co_return std::unexpected(std::move(*cause));
  if (!build->outcome && !build->over_disk && Clock::now() < build->deadline)
    co_return std::unexpected(build->outcome.error());
  if (!build->done() || build->over_disk) {
    built.failure = failure_of(*build, run_id);
    if (build->outcome && build->outcome->failure)
      build->tail.add(to_author_lines(build->outcome->failure->message, build->lines_after) + '\n');
    const auto words = build->tail.take();
    if (build->outcome && build->outcome->failure && built.failure->verdict == Verdict::failed)
      std::ranges::copy(failed_build_notes(dockerfile, circumstances, build->outcome->failure->message, words),
                        std::back_inserter(built.failure->notes));
    std::ranges::copy(built.notes, std::back_inserter(built.failure->notes));
    if (!words.empty()) sink.on_output(Channel::err, words, {});
    built.failure->stderr_bytes = words.size();
    built.failure->image = built.name;
    built.failure->builder = built.builder;
    co_return built;
  }
  auto image = co_await unless_cancelled(executor_, "image of run " + run_id,
                                         client_.inspect_image(build->outcome->image_id, in(kCallTime)), cancel);
  if (!image) co_return std::unexpected(image.error());
  if (!*image)
    co_return fail(ErrorCode::engine_error,
                   "The engine at " + client_.endpoint().address + " built an image, but no longer has it. Try again");
  built.image = std::move(**image);
  images_.note_use(built.name, built.image);
  on_exit.release();  // only the engine still works on the build
  build->network.reset();
  build->steps.reset();
  co_return built;
}

}  // namespace dind
