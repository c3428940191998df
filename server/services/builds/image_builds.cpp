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
constexpr auto kNameTime = 2s;        // when this process ends: for the engine's work after a build
constexpr std::size_t kMaxAhead = 4;  // if the engine is slow at this work, the next builds wait for it
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

// Cancels everything that still runs for a build when `build()` returns, unless `leave()` was called.
class EndOf {
 public:
  explicit EndOf(Cancel cancel) : cancel_(std::move(cancel)) {}
  EndOf(const EndOf&) = delete;
  EndOf& operator=(const EndOf&) = delete;
  ~EndOf() {
    if (!left_) cancel_.cancel(CancelReason::shutdown);
  }
  void leave() { left_ = true; }

 private:
  Cancel cancel_;
  bool left_ = false;
};

Task<void> watch_network(std::shared_ptr<engine::HijackedStream> stream, std::shared_ptr<HeldNetwork> held,
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
                         .most_bytes = policy_.most_context_bytes};
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
Task<void> ImageBuilds::create_network(std::shared_ptr<Attempt> now, std::string run_id, std::string name) {
  Result<sandbox::NetworkHolder> held = fail(ErrorCode::internal, "");
  try {
    held = co_await unless_cancelled(
        executor_, "network of run " + run_id,
        build_network(client_, sandboxes_, run_id, std::move(name), policy_.timeout, now->cancel), now->cancel);
  } catch (const std::exception& escaped) {  // no memory or no descriptor: `build()` waits for this result
    held = fail(ErrorCode::internal, std::string("A build's network could not be made: ") + escaped.what());
  }
  if (held) {
    // The engine identifies the network of a step by the ID of the network's container.
    if (now->steps) now->steps->set_network("container:" + held->id);
    spawn(executor_, "watch of a build's network", watch_network(held->stream, now->held, now->cancel));
    now->upload->allow_steps();
  }
  now->network = std::move(held);
  now->changed.notify();
  if (!*now->network) now->cancel.cancel(CancelReason::shutdown);
}

void ImageBuilds::take(Attempt& now, const engine::BuildLine& line) {
  if (now.known) return;
  if (!line.stage.empty()) {
    if (now.authors.stage_is_whole() && ahead() < kMaxAhead)
      now.come_to(engine::BuildOutcome{.image_id = line.stage, .failure = {}});
    return;
  }
  if (now.steps && !line.container.empty()) return now.steps->on_step_container(line.container);
  if (now.steps && !line.image.empty()) return now.steps->on_step_image(line.image);
  auto text = line.step ? now.authors.line(line.text) : line.text;
  if (!text) return;
  text = with_name(std::move(*text), now.upload->context().dockerfile, now.dockerfile_name);
  // The events showed the earlier steps. If the build fails, only the output of the last step is needed.
  if (line.step && !buildkit()) now.tail = KeptTail();
  if (!line.step || !buildkit()) now.tail.add(line.goes_on ? *text : *text + '\n');
  if (!now.pace.due() && !(line.step && ++now.step_events <= kMaxSteps)) return;
  const auto percent = line.step ? percent_of(*text) : std::nullopt;
  now.sink->on_state(Preparing{Stage::build, std::move(*text), percent});
}

Task<void> ImageBuilds::attempt(std::shared_ptr<Attempt> now, engine::ImageBuild build) {
  Result<engine::BuildOutcome> outcome = fail(ErrorCode::internal, "");
  try {
    outcome = co_await client_.build_image(
        std::move(build), [&](const engine::BuildLine& line) { take(*now, line); }, now->cancel, now->deadline);
  } catch (const std::exception& escaped) {  // `build()` waits for this result
    outcome = fail(ErrorCode::internal, std::string("An image could not be built: ") + escaped.what());
  }
  if (now->known && (outcome ? outcome->failure.has_value() : outcome.error().code != ErrorCode::cancelled))
    log(LogLevel::warning,
        "A built image could not be given its name; the next build names it: " +
            (outcome ? outcome->failure->message : outcome.error().message),
        now->run_id);
  const auto named = [&](std::string& text) {
    text = with_name(std::move(text), now->upload->context().dockerfile, now->dockerfile_name);
  };
  if (!outcome)
    named(outcome.error().message);
  else if (outcome->failure)
    named(outcome->failure->message);
  now->come_to(std::move(outcome));
  open_.erase(now);
  closed_.notify();
}

std::size_t ImageBuilds::ahead() const {
  return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& each) { return each->known; }));
}

Task<void> ImageBuilds::wait_ended(Deadline deadline) {
  const Deadline patience = std::min(deadline, in(kNameTime));
  while (!open_.empty() && Clock::now() < patience) co_await closed_.wait(patience);
  for (const auto& each : std::set(open_)) each->cancel.cancel(CancelReason::shutdown);
  while (!open_.empty() && Clock::now() < deadline) co_await closed_.wait(deadline);
}

// The result of a build that failed because of its Dockerfile or a limit.
RunResult ImageBuilds::failure_of(const Attempt& now, const std::string& run_id) const {
  RunResult result;
  result.run_id = run_id;
  result.stage = Stage::build;
  const auto is = [&](Verdict verdict, std::string note) {
    result.verdict = verdict;
    result.notes.push_back(std::move(note));
    return result;
  };
  const int code = now.outcome && now.outcome->failure ? now.outcome->failure->exit_code : 0;
  if (now.over_disk)
    return is(Verdict::disk_limit,
              "the build took more than " + format_bytes(policy_.disk_bytes) + " of disk (build.disk)");
  if (!now.outcome)
    return is(Verdict::timeout, "the build took longer than " + format_duration(policy_.timeout) + " (build.timeout)");
  if (code == kKilled && !buildkit())
    return is(Verdict::out_of_memory, "a step of the build was killed: it may have " +
                                          format_bytes(policy_.memory_bytes) + " of memory (build.memory)");
  if (code == kKilled && now.bound) return is(Verdict::out_of_memory, buildkit_killed_note(*now.bound));
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
  const auto now = std::make_shared<Attempt>(executor_, run_id);
  const auto follows = cancel.on_cancel([inner = now->cancel, cancel]() mutable { inner.cancel(*cancel.reason()); });
  EndOf end(now->cancel);
  const auto dockerfile = read_dockerfile(program.dockerfile);
  now->dockerfile_name = program.dockerfile_name.empty() ? "Dockerfile" : program.dockerfile_name;
  if (dockerfile.readings.front().instructions.empty())
    co_return fail(ErrorCode::invalid_request,
                   now->dockerfile_name + ": file with no instructions: it needs a FROM line at least");
  const BuildCircumstances circumstances{.buildkit = buildkit(),
                                         .has_files = !program.context_path.empty(),
                                         .arguments = program.arguments,
                                         .terms = terms};
  built.notes = build_notes(dockerfile, circumstances);
  const auto target = find_stage(dockerfile.readings.front(), program.target);
  const std::size_t stages = target && !program.target.empty() ? *target + 1 : SIZE_MAX;
  if (auto refused = not_for_this_builder(dockerfile, circumstances, now->dockerfile_name, stages))
    co_return std::unexpected(std::move(*refused));
  // The classic builder labels only its last step. What a failed build leaves would then have no label. A label in the
  // first step is in all later ones.
  auto text = buildkit() ? InsertedLines{.text = program.dockerfile, .after = {}}
                         : insert_after_each_from(program.dockerfile, dockerfile, label_step(), stages);
  sink.on_state(Preparing{Stage::build, "Collecting the build's context", {}});
  auto uploaded = upload(program, text.text, now->cancel);
  if (!uploaded) co_return std::unexpected(uploaded.error());
  now->upload = std::move(*uploaded);
  auto base = co_await bases(dockerfile, program, pull, sink, now->cancel, terms);
  if (!base) co_return std::unexpected(now->cause().value_or(base.error()));
  if (auto note = unused_arguments_note(dockerfile, circumstances, base->on_build); !note.empty())
    built.notes.push_back(std::move(note));
  now->bases = std::move(*base);
  now->lines_after = std::move(text.after);
  now->authors = StepNumbering(label_step(), now->lines_after.size());
  now->sink = &sink;
  now->deadline = in(policy_.timeout);

  engine::ImageBuild build{.context = now->upload->context().tar,
                           .dockerfile = now->upload->context().dockerfile,
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
    now->steps.emplace(executor_, client_, StepBounds{.processes = policy_.pids, .disk_bytes = policy_.disk_bytes},
                       build.network_mode, now->bases.sizes,
                       [inner = now->cancel]() mutable { inner.cancel(CancelReason::shutdown); });
  // A build that runs no program needs no network.
  const bool fenced = policy_.network && !buildkit() && now->bases.run;
  if (fenced) {
    sink.on_state(Preparing{Stage::build, "Installing the egress filter of the build's network", {}});
    const auto name = sandbox::Sandboxes::container_prefix(run_id) + random_id(4) + ".network";
    build.network_mode = "container:" + name;
    spawn(executor_, "egress filter of a build", create_network(now, run_id, name));
  } else {
    if (buildkit()) {
      if (policy_.network) build.network_mode = "default";
      // Read for every build, because the engine may have another bound after a restart.
      const auto info =
          co_await unless_cancelled(executor_, "bound of run " + run_id, client_.info(in(kCallTime)), now->cancel);
      if (info) now->bound = engine::parse_buildkit_bound(info->labels);
      if (auto note = buildkit_note(now->bound); !note.empty()) built.notes.push_back(std::move(note));
    }
    now->upload->allow_steps();
  }
  open_.insert(now);
  spawn(executor_, "build of run " + run_id, attempt(now, std::move(build)));
  while (!now->known) co_await now->changed.wait(in(1h));
  if (now->steps && now->done())
    (void)co_await unless_cancelled(executor_, "steps of run " + run_id, now->steps->finish(now->outcome->image_id),
                                    now->cancel);
  now->over_disk = now->steps && now->steps->over();
  if (!now->done()) now->cancel.cancel(CancelReason::shutdown);
  while (fenced && !now->network) co_await now->changed.wait(in(1h));
  const auto collected = co_await now->upload->collected();
  if (collected) built.notes.insert(built.notes.end(), collected->notes.begin(), collected->notes.end());
  if (!now->outcome && cancel.cancelled())
    co_return collected ? fail(ErrorCode::cancelled, "The run was cancelled while its image was built")
                        : std::unexpected(collected.error());
  if (now->network_gone && !now->done()) {
    const bool holder = now->network && *now->network;
    co_return std::unexpected(co_await build_network_lost(client_, holder ? (**now->network).id : std::string()));
  }
  if (!now->outcome && !now->over_disk)
    if (auto cause = now->cause()) co_return std::unexpected(std::move(*cause));
  if (!now->outcome && !now->over_disk && Clock::now() < now->deadline) co_return std::unexpected(now->outcome.error());
  if (!now->done() || now->over_disk) {
    built.failure = failure_of(*now, run_id);
    if (now->outcome && now->outcome->failure)
      now->tail.add(to_author_lines(now->outcome->failure->message, now->lines_after) + '\n');
    const auto words = now->tail.take();
    if (now->outcome && now->outcome->failure && built.failure->verdict == Verdict::failed)
      std::ranges::copy(failed_build_notes(dockerfile, circumstances, now->outcome->failure->message, words),
                        std::back_inserter(built.failure->notes));
    std::ranges::copy(built.notes, std::back_inserter(built.failure->notes));
    if (!words.empty()) sink.on_output(Channel::err, words, {});
    built.failure->stderr_bytes = words.size();
    built.failure->image = built.name;
    built.failure->builder = built.builder;
    co_return built;
  }
  auto image = co_await unless_cancelled(executor_, "image of run " + run_id,
                                         client_.inspect_image(now->outcome->image_id, in(kCallTime)), cancel);
  if (!image) co_return std::unexpected(image.error());
  if (!*image)
    co_return fail(ErrorCode::engine_error,
                   "The engine at " + client_.endpoint().address + " built an image, but no longer has it. Try again");
  built.image = std::move(**image);
  images_.note_use(built.name, built.image);
  end.leave();  // only the engine still works on the build
  now->network.reset();
  now->steps.reset();
  co_return built;
}

}  // namespace dind
