#include "services/builds/build_sources.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

#include "domain/terms.hpp"
#include "engine/text.hpp"
#include "services/builds/dockerfile_words.hpp"
#include "services/builds/source_names.hpp"
#include "services/builds/variable_scopes.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxImages = 100;
constexpr std::size_t kMaxStages = 500;
constexpr std::size_t kMaxInstructions = 500'000;  // instructions of triggers count each time that they run

// Goes through one reading of a Dockerfile, from its first line to its last.
class Walk {
 public:
  Walk(const DockerfileReading& reading, const KnownImages& known, const SourceRules& rules)
      : reading_(reading), known_(known), rules_(rules), variables_(reading.escape, rules) {
    if (!rules.target.empty()) last_stage_ = find_stage(reading, rules.target);
  }

  Result<std::vector<std::string>> images() {
    for (const auto& each : reading_.instructions) {
      if (each.onbuild) {  // runs in each stage that is built on this one
        if (!stages_.empty()) stages_.back().triggers.push_back(each);
        continue;
      }
      line_ = each.line;
      if (each.name == "from" && last_stage_ && stages_.size() > *last_stage_) break;
      if (const auto taken = take(each); !taken) return std::unexpected(taken.error());
    }
    return std::move(images_);
  }

 private:
  struct Stage {
    std::string name;
    StageVariables variables;
    std::vector<Instruction> triggers;
  };

  std::unexpected<Error> refuse(const std::string& what, const std::string& why) const {
    return fail(ErrorCode::invalid_request,
                "Line " + std::to_string(line_) + " of the Dockerfile, " + shortened(what, 100) + ": " + why);
  }

  Result<void> take(const Instruction& each) {
    if (++steps_ > kMaxInstructions)
      return fail(ErrorCode::invalid_request, "The Dockerfile has more than " + std::to_string(kMaxInstructions) +
                                                  " steps, with the ONBUILD steps of its stages; build it in parts");
    if (images_.size() > kMaxImages || stages_.size() > kMaxStages)
      return fail(ErrorCode::invalid_request, "The Dockerfile has more than " + std::to_string(kMaxStages) +
                                                  " stages, or names more than " + std::to_string(kMaxImages) +
                                                  " images; build it in parts");
    if (each.name == "from") return from(each);
    if (stages_.empty()) {
      if (each.name == "arg") variables_.declare_global(each);
      return {};
    }
    if (each.name == "arg") variables_.declare_argument(each, stages_.back().variables);
    if (each.name == "env") variables_.set_environment(each, stages_.back().variables);
    if (each.name == "add") return add(each);
    if (each.name == "copy") return copy(each);
    if (each.name == "run") return run(each);
    return {};
  }

  void need(const std::string& image) {
    if (!image.empty() && image != "scratch" && std::ranges::find(images_, image) == images_.end())
      images_.push_back(image);
  }

  const Stage* stage(const std::string& name) const {
    const auto at = std::find_if(stages_.rbegin(), stages_.rend(),
                                 [called = lower(name)](const Stage& each) { return each.name == called; });
    return name.empty() || at == stages_.rend() ? nullptr : &*at;
  }

  Result<void> add(const Instruction& each) {
    const auto& variables = stages_.back().variables;
    if (rules_.remote || !variables.known) return {};
    auto words = split_words(each.rest);
    if (words.size() > 1) words.pop_back();  // the destination
    for (const auto& word : words) {
      const auto source = variables_.in_stage(variables, word);
      if (!may_be_remote(source.text, source.certain)) continue;
      if (!source.certain && !may_be_remote(source.text, true))
        return refuse(
            "ADD " + word,
            "it may become an address, which the engine would fetch by itself, past the build's egress filter. Write "
            "./ before it, or give its variable a value in the Dockerfile (ENV)");
      return refuse(
          "ADD " + word,
          "the engine would fetch it by itself, past the build's egress filter. Fetch it in a step (RUN curl …), put "
          "it into the context, or ask the operator (build.remoteSources)");
    }
    return {};
  }

  Result<void> other_image(const std::string& what, const std::string& name) {
    if (name.contains('$'))
      return refuse(what, "its image is not known before the build. Name it, or a stage: FROM image AS name");
    const bool number = std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!number && stage(name) == nullptr) need(name);
    return {};
  }

  Result<void> copy(const Instruction& each) {
    for (const auto& option : each.options)
      if (option.starts_with("--from="))
        if (const auto taken = other_image("COPY " + option, option.substr(7)); !taken) return taken;
    return {};
  }

  Result<void> run(const Instruction& each) {
    if (!rules_.buildkit) return {};  // the classic builder refuses mounts with a message
    for (const auto& option : each.options) {
      if (!option.starts_with("--mount=")) continue;
      std::string_view rest = option;
      rest.remove_prefix(8);
      while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        auto part = std::string(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        std::erase(part, '"');
        if (lower(part).starts_with("from="))
          if (const auto taken = other_image("RUN " + option, part.substr(5)); !taken) return taken;
      }
    }
    return {};
  }

  Result<void> from(const Instruction& each) {
    const auto words = split_words(each.rest);
    if (words.empty()) return {};  // the builder reports the error
    const auto image = variables_.global(words.front());
    if (!image.certain)
      return refuse("FROM " + words.front(),
                    "the image is not known before the build. Name it, give its ARG a default before the "
                    "first FROM, or " +
                        build_value_in_terms(rules_.terms));
    if (!image.lacks.empty() && !rules_.buildkit)
      return refuse("FROM " + words.front(), image.lacks + " is empty, since only BuildKit sets it: " + kSetBuildkit +
                                                 ", or " + declare_before_first_from(image.lacks, rules_.terms));
    Stage made;
    if (words.size() >= 3 && lower(words[1]) == "as") made.name = lower(words[2]);
    std::vector<Instruction> triggers;
    if (const Stage* below = stage(image.text); below != nullptr) {
      made.variables = variables_.based_on(below->variables);
      triggers = below->triggers;
    } else if (image.text != "scratch") {
      if (words.front().contains('$') && !image.text.empty() && !engine::parse_image_name(image.text))
        return refuse("FROM " + words.front(), "it becomes \"" + shortened(image.text, 100) +
                                                   "\", which is not the name of an image. Give each ARG in it a "
                                                   "default before the first FROM, or " +
                                                   build_value_in_terms(rules_.terms));
      need(image.text);
      const auto found = known_.find(image.text);
      made.variables.known = found != known_.end();
      if (made.variables.known) {
        made.variables = variables_.based_on(found->second);
        for (const auto& line : found->second.on_build) triggers.push_back(read_instruction(line));
        if (const auto fits = platform(each, found->second); !fits) return fits;
      }
    }
    stages_.push_back(std::move(made));
    for (const auto& trigger : triggers)
      if (const auto taken = trigger.name == "from" ? Result<void>{} : take(trigger); !taken) return taken;
    return {};
  }

  // Refuses a --platform of another architecture: the builder would pull that image by itself, even if the engine has
  // the image for its own architecture.
  Result<void> platform(const Instruction& each, const BaseFacts& facts) const {
    for (const auto& option : each.options) {
      if (!option.starts_with("--platform=") || rules_.remote || facts.arch.empty()) continue;
      const auto asked = option.substr(11);
      if (asked == "$BUILDPLATFORM" || asked == "${BUILDPLATFORM}" || asked == "$TARGETPLATFORM" ||
          asked == "${TARGETPLATFORM}")
        continue;
      const auto value = variables_.global(asked);
      if (value.certain && names_architecture(value.text, facts.arch)) continue;
      return refuse("FROM " + option,
                    "the engine's image is for " + facts.arch +
                        ", and the builder would pull another one by itself. Leave --platform out, or ask the operator "
                        "(build.remoteSources)");
    }
    return {};
  }

  const DockerfileReading& reading_;
  const KnownImages& known_;
  const SourceRules& rules_;
  std::vector<std::string> images_;
  VariableScopes variables_;
  std::vector<Stage> stages_;
  std::optional<std::size_t> last_stage_;  // the stage to build
  std::size_t line_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

Result<std::vector<std::string>> image_sources(const Dockerfile& dockerfile, const KnownImages& known,
                                               const SourceRules& rules) {
  std::vector<std::string> all;
  const auto add = [&all](const std::string& image) {
    if (std::ranges::find(all, image) == all.end()) all.push_back(image);
  };
  for (const auto& reading : dockerfile.readings) {
    const auto images = Walk(reading, known, rules).images();
    if (!images) return std::unexpected(images.error());
    for (const auto& each : *images) add(each);
  }
  if (!rules.buildkit) return all;
  const auto given = rules.arguments.find("BUILDKIT_SYNTAX");
  const auto& syntax = given != rules.arguments.end() ? given->second : dockerfile.syntax;
  if (syntax.empty()) return all;
  if (!rules.remote && !is_dockers_frontend(syntax))
    return fail(
        ErrorCode::invalid_request,
        (given != rules.arguments.end() ? "The build argument \"BUILDKIT_SYNTAX=" : "The Dockerfile's \"# syntax=") +
            shortened(syntax, 100) +
            "\" is a foreign builder, which may fetch anything past the build's egress filter. Use "
            "docker/dockerfile, remove the line, or ask the operator (build.remoteSources)");
  add(syntax);
  return all;
}

bool runs_something(const Dockerfile& dockerfile, const KnownImages& known) {
  const auto runs = [](const Instruction& each) { return each.name == "run"; };
  return dockerfile.readings.empty() ||
         std::ranges::any_of(dockerfile.readings,
                             [&](const auto& reading) { return std::ranges::any_of(reading.instructions, runs); }) ||
         std::ranges::any_of(known, [&](const auto& base) {
           return std::ranges::any_of(base.second.on_build,
                                      [&](const auto& line) { return runs(read_instruction(line)); });
         });
}

}  // namespace dind
