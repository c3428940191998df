#include "services/builds/build_notes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "domain/terms.hpp"
#include "services/builds/dockerfile_words.hpp"
#include "services/builds/source_names.hpp"
#include "support/io/disk_full.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxNotes = 3;

constexpr std::array<std::string_view, 12> kBuildkitOptions = {
    "--mount",   "--network",  "--security",     "--link",   "--chmod",  "--parents",
    "--exclude", "--checksum", "--keep-git-dir", "--device", "--unpack", "--start-interval"};

std::string only_buildkit() { return std::string("which only BuildKit builds: ") + kSetBuildkit; }

std::string line_of(const Instruction& each) { return "line " + std::to_string(each.first_line); }

std::string_view option_name(std::string_view option) { return option.substr(0, option.find('=')); }

std::optional<std::string> buildkit_option(const Instruction& each) {
  for (const auto& option : each.options) {
    const auto name = option_name(option);
    if (std::ranges::find(kBuildkitOptions, name) != kBuildkitOptions.end()) return shortened(name, 40);
  }
  return std::nullopt;
}

// The first variable of BuildKit in a text: "$TARGETARCH" or "${TARGETARCH…".
std::optional<std::string> buildkit_variable(std::string_view text) {
  for (const auto name : kPlatformVariables) {
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      const auto end = at + name.size();
      const bool whole =
          end == text.size() || (std::isalnum(static_cast<unsigned char>(text[end])) == 0 && text[end] != '_');
      if (whole && at > 0 && (text[at - 1] == '$' || text[at - 1] == '{')) return std::string(name);
    }
  }
  return std::nullopt;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// The note for a mount that no builder has here. So the note does not recommend BuildKit.
std::optional<std::string> secret_note(const Instruction& each) {
  if (each.name != "run") return std::nullopt;
  for (const auto& option : each.options)
    if (option.starts_with("--mount=") && (option.contains("type=secret") || option.contains("type=ssh")))
      return line_of(each) +
             " mounts a secret or ssh, which builds do not support: copy what it needs from the context, or do it in "
             "the program's run (env)";
  return std::nullopt;
}

// Adds what the classic builder cannot do in this Dockerfile.
void add_for_classic(const DockerfileReading& reading, std::string_view message, Terms terms,
                     std::vector<std::string>& notes) {
  for (const auto& each : reading.instructions) {
    if (notes.size() >= kMaxNotes) return;
    if (auto secret = secret_note(each)) {
      notes.push_back(*std::move(secret));
    } else if (const auto option = buildkit_option(each)) {
      notes.push_back(line_of(each) + " has " + upper(each.name) + ' ' + *option + ", " + only_buildkit());
    } else if (each.name == "from") {
      auto variable = buildkit_variable(each.rest);
      for (const auto& platform : each.options)
        if (!variable) variable = buildkit_variable(platform);
      if (variable)
        notes.push_back(line_of(each) + " uses " + *variable + ", which only BuildKit sets: " + kSetBuildkit + ", or " +
                        declare_before_first_from(*variable, terms));
    }
  }
  if (notes.empty() && message.contains("requires BuildKit"))
    notes.push_back("a step has an option that only BuildKit builds, maybe one of the base image (ONBUILD): " +
                    std::string(kSetBuildkit));
}

void add_for_buildkit(const Dockerfile& dockerfile, std::string_view message, std::vector<std::string>& notes) {
  const auto& reading = dockerfile.readings.front();
  for (const auto& each : reading.instructions) {
    if (notes.size() >= kMaxNotes) return;
    if (auto secret = secret_note(each)) notes.push_back(*std::move(secret));
  }
  const bool unknown = lower(message).contains("unknown instruction") || lower(message).contains("unknown flag") ||
                       message.contains("Unknown flag");
  if (!unknown || !dockerfile.syntax.empty()) return;
  for (const auto& each : reading.instructions) {
    const auto option = buildkit_option(each);
    if (!each.has_here_document && !option) continue;
    notes.push_back(line_of(each) + " has " +
                    (each.has_here_document ? "a here-document (<<)" : upper(each.name) + ' ' + *option) +
                    ", for which this engine's BuildKit needs a newer reader: begin the Dockerfile with # "
                    "syntax=docker/dockerfile:1");
    return;
  }
}

bool lacks_a_file(std::string_view message) {
  const auto text = lower(message);
  const bool copies = text.contains("copy failed") || text.contains("add failed") ||
                      text.contains("failed to compute cache key") || text.contains("failed to calculate checksum") ||
                      text.contains("no source files were specified");
  return copies && (text.contains("not found") || text.contains("no such file") || text.contains("not exist") ||
                    text.contains("no source files"));
}

}  // namespace

std::string with_name(std::string text, const std::string& ours, const std::string& name) {
  if (ours.empty() || ours == name) return text;
  for (auto at = text.find(ours); at != std::string::npos; at = text.find(ours, at + name.size()))
    text.replace(at, ours.size(), name);
  return text;
}

std::optional<Error> not_for_this_builder(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                          const std::string& name, std::size_t stages) {
  if (circumstances.buildkit) return std::nullopt;
  std::size_t stage = 0;
  for (const auto& each : dockerfile.readings.front().instructions) {
    if (each.name == "from" && ++stage > stages) break;
    if (each.has_here_document)
      return Error{ErrorCode::invalid_request,
                   name + ": " + line_of(each) + " has a here-document (<<), " + only_buildkit()};
  }
  return std::nullopt;
}

std::vector<std::string> build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances) {
  std::vector<std::string> notes;
  if (circumstances.buildkit) return notes;
  std::set<std::string> valued;  // by an ARG before the first FROM; a stage's ARG without a value takes it
  bool global = true;
  for (const auto& each : dockerfile.readings.front().instructions) {
    if (each.name == "from") global = false;
    if (each.name != "arg") continue;
    for (const auto& word : split_words(each.rest)) {
      if (global && word.contains('=')) valued.insert(word.substr(0, word.find('=')));
      if (std::ranges::find(kPlatformVariables, word) == kPlatformVariables.end() ||
          circumstances.arguments.contains(word) || valued.contains(word))
        continue;
      if (notes.size() < kMaxNotes)
        notes.push_back(line_of(each) + " declares " + word + ", which only BuildKit sets, so it is empty: " +
                        kSetBuildkit + ", or give it " + build_value_in_terms(circumstances.terms));
    }
  }
  return notes;
}

std::string unused_arguments_note(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                  const std::vector<std::string>& on_build) {
  std::set<std::string> declared;
  const auto& reading = dockerfile.readings.front();
  const auto look = [&](const Instruction& each) {
    if (each.name != "arg") return;
    for (const auto& word : quoted_words(each.rest, reading.escape)) declared.insert(word.substr(0, word.find('=')));
  };
  std::ranges::for_each(reading.instructions, look);
  for (const auto& line : on_build) look(read_instruction(line));
  std::string unused;
  std::size_t count = 0;
  for (const auto& [name, value] : circumstances.arguments) {
    if (declared.contains(name) || is_automatic(name, circumstances.buildkit)) continue;
    if (++count <= kMaxNotes) unused += (unused.empty() ? "" : ", ") + shortened(escaped(name), 80);
  }
  if (count == 0) return {};
  if (count > kMaxNotes) unused += ", …";
  return std::string(count == 1 ? "a build argument was" : "build arguments were") + " not used: no ARG names " +
         unused + ". Check the name, or declare it in the Dockerfile (ARG)";
}

std::vector<std::string> failed_build_notes(const Dockerfile& dockerfile, const BuildCircumstances& circumstances,
                                            std::string_view message, std::string_view words) {
  std::vector<std::string> notes;
  if (circumstances.buildkit)
    add_for_buildkit(dockerfile, message, notes);
  else
    add_for_classic(dockerfile.readings.front(), message, circumstances.terms, notes);
  if (!circumstances.has_files && lacks_a_file(message))
    notes.push_back("no files were sent with the Dockerfile: " +
                    in_terms(circumstances.terms, {.fields = "name the folder that it copies from (\"contextPath\")",
                                                   .flags = "name the folder that it copies from (--context DIR)",
                                                   .settings = "run it in the folder that it copies from"}));
  if (says_disk_full(message) || says_disk_full(words.substr(words.size() - std::min<std::size_t>(words.size(), 4096))))
    notes.push_back("a step found no space left on a disk that it wrote to: " + std::string(kFreeEngineDisk));
  return notes;
}

}  // namespace dind
