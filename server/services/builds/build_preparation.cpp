// What ImageBuilds does before the engine builds: it reads the Dockerfile, collects the context and finds the images
// that the Dockerfile takes.
#include "sandbox/labels.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "services/builds/active_build.hpp"
#include "services/builds/build_context.hpp"
#include "services/builds/build_notes.hpp"
#include "services/builds/image_builds.hpp"
#include "services/images/built_images.hpp"
#include "support/async/unless_cancelled.hpp"
#include "support/ids.hpp"

namespace dind {
namespace {

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

}  // namespace

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
                         .max_bytes = policy_.max_context_bytes};
  auto context = begin_context(request);
  if (!context) return std::unexpected(context.error());
  auto begun = std::make_shared<BuildUpload>(executor_, std::move(*context));
  spawn(executor_, "context of a build", BuildUpload::collect(begun, work_, std::move(request), std::move(cancel)));
  return begun;
}

Task<Result<ImageBuilds::Bases>> ImageBuilds::bases(std::shared_ptr<ActiveBuild> build, PullPolicy pull,
                                                    EventSink& sink) {
  const Cancel cancel = build->cancel;
  Bases all;
  KnownImages known;
  SourceRules rules{.buildkit = buildkit(),
                    .remote = policy_.remote_sources,
                    .arguments = build->program.arguments,
                    .target = build->program.target,
                    .terms = build->terms};
  if (buildkit()) {
    const auto version =
        co_await unless_cancelled(executor_, "platform of a build", client_.version(in(kBuildCallTime)), cancel);
    if (!version) co_return std::unexpected(version.error());
    rules.os = version->os;
    rules.arch = version->arch;
  }
  // The ONBUILD triggers of an image may name other images.
  for (bool news = true; news;) {
    news = false;
    const auto names = image_sources(build->dockerfile, known, rules);
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
        const auto unpacked = co_await client_.unpacked_image_size(image.id, in(kBuildCallTime));
        if (!unpacked) co_return std::unexpected(unpacked.error());
        size = *unpacked;
      }
      all.sizes.emplace(image.id, size);
      all.on_build.insert(all.on_build.end(), image.on_build.begin(), image.on_build.end());
      known.emplace(name, BaseFacts{.env = image.env, .on_build = image.on_build, .arch = image.arch});
      news = true;
    }
  }
  all.run = runs_something(build->dockerfile, known);
  co_return all;
}

BuildCircumstances ImageBuilds::circumstances(const ActiveBuild& build) const {
  return {.buildkit = buildkit(),
          .has_files = !build.program.context_path.empty(),
          .arguments = build.program.arguments,
          .terms = build.terms};
}

Result<void> ImageBuilds::read(ActiveBuild& build, EventSink& sink) {
  const auto& program = build.program;
  build.built = {.image = {},
                 .name = std::string(kBuiltNames) + "build:" + build_key(program),
                 .failure = {},
                 .builder = std::string(to_string(buildkit() ? Builder::buildkit : Builder::classic)),
                 .notes = {}};
  build.dockerfile = read_dockerfile(program.dockerfile);
  build.dockerfile_name = program.dockerfile_name.empty() ? "Dockerfile" : program.dockerfile_name;
  const auto& reading = build.dockerfile.readings.front();
  if (reading.instructions.empty())
    return fail(ErrorCode::invalid_request,
                build.dockerfile_name + ": file with no instructions: it needs a FROM line at least");
  const auto known = circumstances(build);
  build.built.notes = build_notes(build.dockerfile, known);
  const auto target = find_stage(reading, program.target);
  const std::size_t stages = target && !program.target.empty() ? *target + 1 : SIZE_MAX;
  if (auto refused = not_for_this_builder(build.dockerfile, known, build.dockerfile_name, stages))
    return std::unexpected(std::move(*refused));
  // The classic builder labels only its last step. What a failed build leaves would then have no label. A label in the
  // first step is in all later ones.
  auto text = buildkit() ? InsertedLines{.text = program.dockerfile, .after = {}}
                         : insert_after_each_from(program.dockerfile, build.dockerfile, label_step(), stages);
  sink.on_state(Preparing{Stage::build, "Collecting the build's context", {}});
  auto uploaded = upload(program, text.text, build.cancel);
  if (!uploaded) return std::unexpected(uploaded.error());
  build.upload = std::move(*uploaded);
  build.lines_after = std::move(text.after);
  build.authors = StepNumbering(label_step(), build.lines_after.size());
  return {};
}

Task<Result<void>> ImageBuilds::prepare(std::shared_ptr<ActiveBuild> build, PullPolicy pull, EventSink& sink) {
  if (auto readable = read(*build, sink); !readable) co_return readable;
  auto base = co_await bases(build, pull, sink);
  if (!base) co_return std::unexpected(build->cause().value_or(base.error()));
  if (auto note = unused_arguments_note(build->dockerfile, circumstances(*build), base->on_build); !note.empty())
    build->built.notes.push_back(std::move(note));
  build->bases = std::move(*base);
  build->sink = &sink;
  build->deadline = in(policy_.timeout);
  co_return Result<void>{};
}

}  // namespace dind
