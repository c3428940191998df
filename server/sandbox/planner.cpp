#include "sandbox/planner.hpp"

#include <algorithm>

#include "languages/recipe.hpp"
#include "sandbox/supervisor_wire.hpp"
#include "support/units.hpp"

namespace dind::sandbox {
namespace {

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::invalid_request, std::move(message)); }

bool has_nul(std::string_view text) { return text.contains('\0'); }

Result<void> check_environment(const std::map<std::string, std::string>& env) {
  for (const auto& [name, value] : env) {
    if (name.empty() || name.contains('=') || has_nul(name) ||
        std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      return wrong("An environment variable's name is empty or holds '=' or a control character; use NAME=VALUE");
    }
    if (has_nul(value))
      return wrong("The environment variable " + name + " holds a NUL byte, which no program can receive");
  }
  return {};
}

Result<void> check_arguments(const std::vector<std::string>& argv) {
  if (std::ranges::any_of(argv, has_nul)) return wrong("An argument holds a NUL byte, which no program can receive");
  return {};
}

// The supervisor's limit on argv and environment, refused here with a better message than it could give.
Result<void> check_job_size(const RunPlan& plan) {
  std::size_t bytes = 4096;
  for (const auto& arg : plan.argv) bytes += arg.size() + 5;
  for (const auto& [name, value] : plan.env) bytes += name.size() + value.size() + 6;
  if (bytes > wire::kMaxJobBytes) {
    return wrong("The arguments and the environment are " + format_bytes(static_cast<std::int64_t>(bytes)) +
                 " together; " + format_bytes(wire::kMaxJobBytes) + " is the most. Pass large data on stdin");
  }
  return {};
}

Result<std::string> file_name(const SourceProgram& source, const languages::Recipe& recipe) {
  const std::string& name = source.file_name.empty() ? recipe.default_file : source.file_name;
  if (name == "." || name == ".." || name.contains('/') || has_nul(name) || name.size() > 255) {
    return wrong("A program's file name must be a plain name of 255 bytes at most, without '/'");
  }
  return name;
}

Result<void> plan_source(const SourceProgram& source, const RunSpec& spec,
                         const std::map<std::string, std::string>& images, RunPlan& plan) {
  const auto recipe = languages::detect(source.language, source.file_name, source.text);
  if (!recipe) return std::unexpected(recipe.error());
  const languages::Recipe& how = **recipe;
  const auto name = file_name(source, how);
  if (!name) return std::unexpected(name.error());
  if (source.text.empty()) return wrong(*name + " is empty: there is nothing to run");
  if (source.text.size() > kMostFileBytes) {
    return wrong(*name + " has " + format_bytes(static_cast<std::int64_t>(source.text.size())) + "; " +
                 format_bytes(kMostFileBytes) + " is the most that a program may have");
  }
  plan.name = *name;
  plan.language = how.id;
  plan.images = how.images;
  if (const auto chosen = images.find(how.id); chosen != images.end()) plan.images = {chosen->second};
  const std::string path = std::string(kRunFolder) + "/" + *name;
  for (const auto& part : how.command) plan.argv.push_back(part == "{file}" ? path : part);
  plan.argv.insert(plan.argv.end(), spec.args.begin(), spec.args.end());
  for (const auto& [key, value] : how.env) plan.env[key] = value;
  plan.working_dir = kRunFolder;
  plan.files.push_back({path, source.text, 0644});
  return {};
}

Result<void> plan_command(const CommandProgram& program, const RunSpec& spec, RunPlan& plan) {
  if (!spec.image || spec.image->empty()) return wrong("A command needs an image to run in: name one");
  if (const auto* line = std::get_if<std::string>(&program.command)) {
    if (line->empty()) return wrong("The command is empty");
    plan.argv = {"/bin/sh", "-c", *line};
    plan.name = *line;
  } else {
    plan.argv = std::get<std::vector<std::string>>(program.command);
    if (plan.argv.empty() || plan.argv.front().empty()) return wrong("The command is empty");
    for (const auto& part : plan.argv) plan.name += (plan.name.empty() ? "" : " ") + part;
  }
  plan.argv.insert(plan.argv.end(), spec.args.begin(), spec.args.end());
  return {};
}

}  // namespace

Result<RunPlan> make_plan(const RunSpec& spec, const Limits& limits, const std::map<std::string, std::string>& images,
                          std::string run_id) {
  RunPlan plan;
  plan.run_id = std::move(run_id);
  plan.limits = limits;
  plan.network = spec.network;
  plan.env = {{"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};

  const auto* source = std::get_if<SourceProgram>(&spec.program);
  const auto planned = source ? plan_source(*source, spec, images, plan)
                              : plan_command(std::get<CommandProgram>(spec.program), spec, plan);
  if (!planned) return std::unexpected(planned.error());
  if (spec.image) {
    if (spec.image->empty()) return wrong("The image's name is empty");
    plan.images = {*spec.image};
  }
  for (const auto& [name, value] : spec.env) plan.env.insert_or_assign(name, value);
  for (const auto& checked : {check_environment(plan.env), check_arguments(plan.argv), check_job_size(plan)}) {
    if (!checked) return std::unexpected(checked.error());
  }
  return plan;
}

}  // namespace dind::sandbox
