#include "sandbox/planner.hpp"

#include <algorithm>
#include <cctype>

#include "languages/recipe.hpp"
#include "sandbox/supervisor_wire.hpp"
#include "support/shortened.hpp"
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

std::string with_folder(std::string text) {
  constexpr std::string_view kHole = "{packages}";
  for (auto at = text.find(kHole); at != std::string::npos; at = text.find(kHole, at + 1))
    text.replace(at, kHole.size(), kPackagesFolder);
  return text;
}

// A name with extras, versions, a marker, or an address after "@": never an option, a path or a line break.
Result<void> check_requirement(const std::string& text) {
  constexpr std::size_t kLongest = 512;
  const auto refuse = [&](const char* why) {
    return wrong("The requirement \"" + shortened(text, 80) + "\" " + why +
                 "; name a package, such as \"requests\" or \"flask>=2\"");
  };
  if (text.empty()) return refuse("is empty");
  if (text.size() > kLongest) return refuse("is longer than 512 bytes");
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return refuse("holds a control character");
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0; };
  if (!is_word(static_cast<unsigned char>(text.front())))
    return refuse(text.front() == '-' ? "is an option of the installer, which a run can't set"
                                      : "doesn't begin with a package's name");
  const auto end =
      std::ranges::find_if_not(text, [&](unsigned char c) { return is_word(c) || c == '.' || c == '-' || c == '_'; });
  auto rest = std::string_view(end, text.end());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (rest.empty()) return {};
  if (!std::string_view("[<>=!~;@(").contains(rest.front())) return refuse("is no package's name");
  const auto at = rest.find('@');
  const auto address = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  if (at != std::string_view::npos && rest.substr(0, at).find_first_of(";") == std::string_view::npos) {
    auto trimmed = address;
    trimmed.remove_prefix(std::min(trimmed.find_first_not_of(' '), trimmed.size()));
    if (!trimmed.starts_with("https://")) return refuse("has an address that doesn't begin with https://");
  } else if (rest.contains('/')) {
    return refuse("names a path");
  }
  return {};
}

Result<void> plan_packages(const std::vector<std::string>& requirements, const languages::Recipe& recipe,
                           RunPlan& plan) {
  constexpr std::size_t kMost = 256;
  if (requirements.empty()) return {};
  if (!recipe.packages) {
    std::string able;
    for (const auto& each : languages::recipes())
      if (each.packages) able += (able.empty() ? "" : ", ") + each.id;
    return wrong("There is no installer of packages for " + recipe.name + " here (for: " + able +
                 "); take an image that has them");
  }
  if (requirements.size() > kMost) return wrong("More than 256 requirements: take an image that has them");
  for (const auto& each : requirements)
    if (const auto checked = check_requirement(each); !checked) return checked;
  PackageStep& step = plan.packages.emplace();
  for (const auto& part : recipe.packages->command) step.argv.push_back(with_folder(part));
  step.argv.insert(step.argv.end(), requirements.begin(), requirements.end());
  for (const auto& [key, value] : recipe.packages->env) plan.env[key] = with_folder(value);
  plan.volumes.push_back({.name = {}, .target = kPackagesMount, .read_only = true});
  return {};
}

// Absolute, and without a part that leads up: what the program sees, not what the engine's machine has.
Result<void> check_working_dir(const std::string& path) {
  if (path.empty()) return {};
  constexpr std::size_t kLongest = 4000;
  bool plain = path.starts_with('/') && path.size() < kLongest &&
               std::ranges::none_of(path, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  for (std::size_t at = 0; plain && at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    plain = std::string_view(path).substr(at, end - at) != "..";
    at = end + 1;
  }
  if (plain) return {};
  return wrong("The working directory \"" + shortened(path, 80) +
               "\" must be an absolute path in the sandbox without .., such as /workspaces/project");
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
  return plan_packages(spec.requirements, how, plan);
}

Result<void> plan_argv(const Command& command, const RunSpec& spec, RunPlan& plan) {
  if (const auto* line = std::get_if<std::string>(&command)) {
    if (line->empty()) return wrong("The command is empty");
    plan.argv = {"/bin/sh", "-c", *line};
    plan.name = *line;
  } else {
    plan.argv = std::get<std::vector<std::string>>(command);
    if (plan.argv.empty() || plan.argv.front().empty()) return wrong("The command is empty");
    for (const auto& part : plan.argv) plan.name += (plan.name.empty() ? "" : " ") + part;
  }
  plan.argv.insert(plan.argv.end(), spec.args.begin(), spec.args.end());
  return {};
}

Result<void> plan_command(const CommandProgram& program, const RunSpec& spec,
                          const std::map<std::string, std::string>& images, RunPlan& plan) {
  if (const auto planned = plan_argv(program.command, spec, plan); !planned) return planned;
  plan.images = program.images;
  if (program.language) {
    const auto recipe = languages::detect(program.language, "", "");
    if (!recipe) return std::unexpected(recipe.error());
    const languages::Recipe& how = **recipe;
    plan.language = how.id;
    plan.images = how.images;
    if (const auto chosen = images.find(how.id); chosen != images.end()) plan.images = {chosen->second};
    for (const auto& [key, value] : how.env) plan.env[key] = value;
    if (const auto planned = plan_packages(spec.requirements, how, plan); !planned) return planned;
  }
  if (plan.images.empty() && (!spec.image || spec.image->empty()))
    return wrong("A command needs an image to run in: name one");
  return {};
}

// A path in the workspace: relative, without "." and "..", as it stands in a mount's target.
Result<void> check_workspace_folder(const RunSpec& spec) {
  const auto& folder = spec.workspace_folder;
  if (folder.empty()) return {};
  bool plain = spec.workspace.has_value() && folder.size() < 4000 &&
               std::ranges::none_of(folder, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  for (std::size_t at = 0; plain && at <= folder.size();) {
    const auto end = std::min(folder.find('/', at), folder.size());
    const auto part = std::string_view(folder).substr(at, end - at);
    plain = !part.empty() && part != "." && part != "..";
    at = end + 1;
  }
  if (plain) return {};
  return wrong("The writable folder \"" + shortened(folder, 80) +
               "\" must be a path in the workspace, relative and without .., of a run that has the workspace");
}

Result<void> plan_build(const BuildProgram& build, const RunSpec& spec, RunPlan& plan) {
  if (spec.image) return wrong("A Dockerfile names its image by itself (FROM): leave the image out");
  if (build.dockerfile.find_first_not_of(" \t\r\n") == std::string::npos)
    return wrong("The Dockerfile is empty: it needs a FROM line at least");
  if (build.dockerfile.size() > kMostFileBytes) return wrong("The Dockerfile is larger than 16 MiB");
  if (build.command) return plan_argv(*build.command, spec, plan);
  plan.name = "Dockerfile";  // its image says what runs
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

  const auto* command = std::get_if<CommandProgram>(&spec.program);
  if (!spec.requirements.empty() && !std::holds_alternative<SourceProgram>(spec.program) &&
      (command == nullptr || !command->language))
    return wrong("Requirements go with a program's text: for a command, take an image that has them");
  Result<void> planned;
  if (const auto* source = std::get_if<SourceProgram>(&spec.program))
    planned = plan_source(*source, spec, images, plan);
  else if (const auto* build = std::get_if<BuildProgram>(&spec.program))
    planned = plan_build(*build, spec, plan);
  else
    planned = plan_command(*command, spec, images, plan);
  if (!planned) return std::unexpected(planned.error());
  plan.workspace = spec.workspace;
  plan.workspace_folder = spec.workspace_folder;
  plan.notes = spec.notes;
  if (!spec.working_dir.empty()) plan.working_dir = spec.working_dir;
  if (spec.image) {
    if (spec.image->empty()) return wrong("The image's name is empty");
    plan.images = {*spec.image};
  }
  for (const auto& [name, value] : spec.env) plan.env.insert_or_assign(name, value);
  for (const auto& checked : {check_working_dir(spec.working_dir), check_workspace_folder(spec),
                              check_environment(plan.env), check_arguments(plan.argv), check_job_size(plan)}) {
    if (!checked) return std::unexpected(checked.error());
  }
  return plan;
}

RunPlan make_package_plan(const RunPlan& program, const std::string& volume, const Limits& limits,
                          std::int64_t disk_bytes) {
  RunPlan plan;
  plan.run_id = program.run_id;
  plan.name = "packages for " + program.name;
  plan.language = program.language;
  plan.images = program.images;
  plan.argv = program.packages->argv;
  plan.env = program.packages->env;
  // A package may be larger than any tmpfs; and from here the installer's last move is a rename.
  plan.env.insert({{"HOME", "/tmp"}, {"LANG", "C.UTF-8"}, {"TMPDIR", std::string(kPackagesMount) + "/tmp"}});
  plan.working_dir = kRunFolder;
  plan.volumes = {{.name = volume, .target = kPackagesMount, .read_only = false}};
  plan.disk_path = kPackagesMount;
  plan.disk_bytes = disk_bytes;
  plan.limits = limits;
  plan.network = Network::internet;
  return plan;
}

Result<void> run_image_command(const engine::Image& image, const std::vector<std::string>& args, RunPlan& plan) {
  if (!plan.argv.empty()) return {};
  plan.argv = image.entrypoint;
  const auto& rest = args.empty() ? image.command : args;
  plan.argv.insert(plan.argv.end(), rest.begin(), rest.end());
  if (plan.argv.empty())
    return wrong("The Dockerfile has neither CMD nor ENTRYPOINT: add one, or say which command to run");
  if (const auto checked = check_arguments(plan.argv); !checked) return checked;
  return check_job_size(plan);
}

void add_authorities(RunPlan& plan, const std::string& bundle) {
  if (bundle.empty() || plan.network == Network::none) return;
  const std::string path = std::string(kRunFolder) + "/.ca-certificates.pem";
  plan.files.push_back({path, bundle, 0444});
  for (const char* name : {"SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
                           "CARGO_HTTP_CAINFO", "GIT_SSL_CAINFO"})
    plan.env.try_emplace(name, path);
}

}  // namespace dind::sandbox
