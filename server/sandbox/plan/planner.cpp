#include "sandbox/plan/planner.hpp"

#include <algorithm>

#include "languages/invocation.hpp"
#include "sandbox/plan/cleaned.hpp"
#include "sandbox/supervision/frames.hpp"
#include "support/text/requirement.hpp"
#include "support/text/requirements.hpp"
#include "support/text/shortened.hpp"
#include "support/text/source_text.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::sandbox {
namespace {

bool has_nul(std::string_view text) { return text.contains('\0'); }

Result<void> check_environment(const std::map<std::string, std::string>& env) {
  for (const auto& [name, value] : env) {
    if (name.empty() || name.contains('=') || has_nul(name) ||
        std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      return wrong("An environment variable's name is empty or holds '=' or a control character: give it another name");
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

// Linux's limit for one string of execve, MAX_ARG_STRLEN, less its NUL byte (man 2 execve).
constexpr std::size_t kMaxStringBytes = 128 * 1024 - 1;

Result<void> check_string(std::string_view text, const std::string& what, const char* remedy) {
  if (text.size() <= kMaxStringBytes) return {};
  return wrong(what + " has " + std::to_string(text.size()) + " bytes; Linux passes at most " +
               std::to_string(kMaxStringBytes) + " bytes in one. " + remedy);
}

// `own_arguments`: the number of arguments at the end of argv that the caller gave. Messages count these from 1, and
// the others from argv[0], the program.
Result<void> check_strings(const RunPlan& plan, std::size_t own_arguments) {
  constexpr const char* kRemedy = "Pass large data on stdin, or in a file";
  const bool shell = plan.argv.size() > 2 && plan.argv[0] == "/bin/sh" && plan.argv[1] == "-c";
  const auto first = own_arguments == 0 ? plan.argv.size() : plan.argv.size() - own_arguments;
  for (std::size_t i = 0; i < plan.argv.size(); ++i) {
    const bool line = shell && i == 2;
    const auto what = line ? std::string("The command")
                           : "Argument " + std::to_string(i < first ? i : i - first + 1) + " (\"" +
                                 shortened(plan.argv[i], 20) + "\")";
    if (const auto checked =
            check_string(plan.argv[i], what,
                         line ? "Send it as a program's text with language shell, or read data on stdin" : kRemedy);
        !checked)
      return checked;
  }
  for (const auto& [name, value] : plan.env)
    if (const auto checked =
            check_string(name + "=" + value, "The environment variable " + shortened(name, 80), kRemedy);
        !checked)
      return checked;
  return {};
}

// Checks the limits on argv and environment here, because the message can be better than that of supervisor or kernel.
Result<void> check_job_size(const RunPlan& plan, std::size_t own_arguments = 0) {
  if (const auto checked = check_strings(plan, own_arguments); !checked) return checked;
  std::size_t bytes = 4096;
  for (const auto& arg : plan.argv) bytes += arg.size() + 5;
  for (const auto& [name, value] : plan.env) bytes += name.size() + value.size() + 6;
  if (bytes > supervision::kMaxJobBytes) {
    return wrong("The arguments and the environment are " + format_bytes(static_cast<std::int64_t>(bytes)) +
                 " together; " + format_bytes(supervision::kMaxJobBytes) + " is the max. Pass large data on stdin");
  }
  return {};
}

// The folder of the file that makes an interpreter find the dependencies.
std::string start_folder() { return std::string(kRunFolder) + "/.packages"; }

std::string with_folder(std::string text) {
  const auto fill = [&](std::string_view hole, const std::string& folder) {
    for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole, at + folder.size()))
      text.replace(at, hole.size(), folder);
  };
  fill("{dependencies}", kDependenciesDir);
  fill("{start}", start_folder());
  return text;
}

// Whether `add_dependency_variables` has set this variable, with the caller's value in it.
bool is_dependency_variable(const std::string& name, const RunPlan& plan) {
  if (!plan.dependencies) return false;
  const auto* recipe = languages::find_recipe(plan.language);
  return recipe != nullptr && recipe->packages &&
         std::ranges::any_of(recipe->packages->env, [&](const auto& each) { return each.first == name; });
}

// Sets the variables that make a program find its dependencies. They are lists of folders; the caller's come first.
void add_dependency_variables(const languages::InstallerRecipe& installer, const RunSpec& spec, RunPlan& plan) {
  for (const auto& [name, value] : installer.env) {
    const auto own = spec.env.find(name);
    plan.env[name] = (own == spec.env.end() || own->second.empty() ? "" : own->second + ":") + with_folder(value);
  }
  if (!installer.start_name.empty())
    plan.files.push_back({start_folder() + "/" + installer.start_name, with_folder(installer.start_text), 0644});
}

// A file with the given lines. The installer reads options only from a file.
RunFile list_file(const std::string& name, const std::vector<std::string>& lines) {
  RunFile file{.path = std::string(kRunFolder) + "/" + name, .bytes = {}};
  for (const auto& line : lines) file.bytes += line + "\n";
  return file;
}

void name_dependencies(const languages::InstallerRecipe& installer, const std::vector<std::string>& lines,
                       const std::vector<std::string>& constraints, DependencyStep& step) {
  if (constraints.empty() && std::ranges::none_of(lines, has_option)) {
    step.argv.insert(step.argv.end(), lines.begin(), lines.end());
    return;
  }
  if (step.argv.back() == "--") step.argv.pop_back();
  step.files.push_back(list_file("requirements.txt", lines));
  step.argv.insert(step.argv.end(), {installer.list_option, step.files.back().path});
  if (constraints.empty()) return;
  step.files.push_back(list_file("constraints.txt", constraints));
  step.argv.insert(step.argv.end(), {installer.constraints_option, step.files.back().path});
}

Result<void> plan_dependencies(const RunSpec& spec, const languages::Recipe& recipe, RunPlan& plan) {
  constexpr std::size_t kMaxDependencies = 256;
  if (spec.dependencies.empty()) return {};
  if (!recipe.packages) {
    std::string able;
    for (const auto& each : languages::recipes())
      if (each.packages) able += (able.empty() ? "" : ", ") + each.id;
    return wrong("There is no installer of packages for " + recipe.name + " here (for: " + able +
                 "); use an image that has them");
  }
  const auto lines = read_requirement_items(spec.dependencies);
  if (!lines) return std::unexpected(lines.error());
  if (lines->size() > kMaxDependencies) return wrong("More than 256 dependencies: use an image that has them");
  const auto bounds = read_requirement_items(spec.constraints);
  if (!bounds) return std::unexpected(bounds.error());
  DependencyStep& step = plan.dependencies.emplace();
  for (const auto& part : recipe.packages->command) step.argv.push_back(with_folder(part));
  name_dependencies(*recipe.packages, *lines, *bounds, step);
  add_dependency_variables(*recipe.packages, spec, plan);
  plan.volumes.push_back({.name = {}, .target = kDependenciesMount, .read_only = true});
  return {};
}

// The path must be absolute and without `..`. It is a path in the sandbox, not on the engine's machine.
Result<void> check_working_dir(const std::string& path) {
  if (path.empty()) return {};
  constexpr std::size_t kMaxDirLength = 4000;
  bool plain = path.starts_with('/') && path.size() < kMaxDirLength &&
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
  const auto text = without_byte_order_mark(source.text);
  const auto invocation = languages::plan_invocation(source.language, source.file_name, text, spec.terms,
                                                     spec.image && !spec.image->empty());
  if (!invocation) return std::unexpected(invocation.error());
  const languages::Recipe& how = *invocation->recipe;
  const auto name = file_name(source, how);
  if (!name) return std::unexpected(name.error());
  if (text.empty()) return wrong(*name + " is empty: there is nothing to run");
  if (text.size() > kMaxFileBytes) {
    return wrong(*name + " has " + format_bytes(static_cast<std::int64_t>(text.size())) + "; " +
                 format_bytes(kMaxFileBytes) + " is the max for a program");
  }
  plan.name = *name;
  plan.language = how.id;
  plan.images = how.images;
  if (const auto chosen = images.find(how.id); chosen != images.end()) plan.images = {chosen->second};
  const std::string path = std::string(kRunFolder) + "/" + *name;
  for (const auto& part : invocation->command) plan.argv.push_back(part == "{file}" ? path : part);
  plan.notes = invocation->notes;
  plan.argv.insert(plan.argv.end(), spec.args.begin(), spec.args.end());
  for (const auto& [key, value] : how.env) plan.env[key] = value;
  plan.working_dir = kRunFolder;
  plan.files.push_back({path, std::string(text), 0644});
  return plan_dependencies(spec, how, plan);
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
  const auto* argv = std::get_if<std::vector<std::string>>(&program.command);
  if (argv != nullptr && argv->empty() && !program.language && spec.image && !spec.image->empty())
    plan.name = *spec.image;  // the image decides what runs
  else if (const auto planned = plan_argv(program.command, spec, plan); !planned)
    return planned;
  plan.images = program.images;
  if (program.language) {
    const auto recipe = languages::detect(program.language, "", "");
    if (!recipe) return std::unexpected(recipe.error());
    const languages::Recipe& how = **recipe;
    plan.language = how.id;
    plan.images = how.images;
    if (const auto chosen = images.find(how.id); chosen != images.end()) plan.images = {chosen->second};
    for (const auto& [key, value] : how.env) plan.env[key] = value;
    if (const auto planned = plan_dependencies(spec, how, plan); !planned) return planned;
  }
  if (plan.images.empty() && (!spec.image || spec.image->empty()))
    return wrong("A command needs an image to run in: name one");
  return {};
}

// The path must be relative to the workspace, without "." and "..", because it becomes a part of a mount's target.
Result<void> check_writable_folder(const RunSpec& spec) {
  const auto& folder = spec.writable_folder;
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

Result<void> check_network(const Network& network) {
  if (network.kind() != Network::Kind::hosts) return {};
  return wrong("A network of single hosts is not supported yet: choose \"none\" or \"internet\"");
}

// The variables of every program. They include the interpreters' own variables, because a command may start any of them
// (P13).
std::map<std::string, std::string> base_environment(const RunSpec& spec) {
  std::map<std::string, std::string> env{{"HOME", "/tmp"}, {"LANG", "C.UTF-8"}, {"PYTHONUNBUFFERED", "1"}};
  // Git refuses a repository of another user: root, or a user of an engine that maps user ids (P11). It is safe to
  // trust every repository, because its contents can do no more than the program itself.
  if (spec.workspace)
    env.insert({{"GIT_CONFIG_COUNT", "1"}, {"GIT_CONFIG_KEY_0", "safe.directory"}, {"GIT_CONFIG_VALUE_0", "*"}});
  // Without these, installers try again for up to a minute and print nothing (P10).
  if (spec.network == Network::none)
    env.insert({{"npm_config_fetch_retries", "0"},
                {"npm_config_update_notifier", "false"},
                {"PIP_RETRIES", "0"},
                {"UV_HTTP_RETRIES", "0"},
                {"CARGO_NET_RETRY", "0"},
                {"BUNDLE_RETRY", "0"}});
  return env;
}

Result<void> plan_build(const BuildProgram& build, const RunSpec& spec, RunPlan& plan) {
  if (spec.image) return wrong("A Dockerfile names its image by itself (FROM): leave the image out");
  if (build.dockerfile.find_first_not_of(" \t\r\n") == std::string::npos)
    return wrong("The Dockerfile is empty: it needs a FROM line at least");
  if (build.dockerfile.size() > kMaxDockerfileBytes)
    return wrong("The Dockerfile has " + format_bytes(static_cast<std::int64_t>(build.dockerfile.size())) +
                 ", and may have 1 MiB. Move large data into files of the context (COPY)");
  if (std::ranges::any_of(build.arguments, [](const auto& each) {
        return each.first.empty() || each.first.contains('=') || has_nul(each.first) || has_nul(each.second);
      }))
    return wrong("The name of a build argument is empty or holds '=', or an argument holds a NUL byte; use NAME=VALUE");
  if (build.command) return plan_argv(*build.command, spec, plan);
  plan.name = build.dockerfile_name.empty() ? "Dockerfile" : build.dockerfile_name;  // its image decides what runs
  return {};
}

}  // namespace

Result<RunPlan> make_plan(const RunSpec& spec, const Limits& limits, const std::map<std::string, std::string>& images,
                          std::string run_id) {
  RunPlan plan;
  plan.run_id = std::move(run_id);
  plan.limits = limits;
  plan.network = spec.network;
  plan.terms = spec.terms;
  plan.env = base_environment(spec);

  const auto* command = std::get_if<CommandProgram>(&spec.program);
  if (!spec.dependencies.empty() && !std::holds_alternative<SourceProgram>(spec.program) &&
      (command == nullptr || !command->language))
    return wrong("Dependencies need a program's text: for a command, use an image that has them");
  Result<void> planned;
  if (const auto* source = std::get_if<SourceProgram>(&spec.program))
    planned = plan_source(*source, spec, images, plan);
  else if (const auto* build = std::get_if<BuildProgram>(&spec.program))
    planned = plan_build(*build, spec, plan);
  else
    planned = plan_command(*command, spec, images, plan);
  if (!planned) return std::unexpected(planned.error());
  plan.workspace = spec.workspace;
  plan.writable_folder = spec.writable_folder;
  plan.workspace_root = spec.workspace_root;
  plan.notes.insert(plan.notes.begin(), spec.notes.begin(), spec.notes.end());
  if (!spec.working_dir.empty()) plan.working_dir = spec.working_dir;
  if (spec.image) {
    if (spec.image->empty()) return wrong("The image's name is empty");
    plan.images = {*spec.image};
  }
  for (const auto& [name, value] : spec.env)
    if (!is_dependency_variable(name, plan)) plan.env.insert_or_assign(name, value);
  for (const auto& checked : {check_network(spec.network), check_working_dir(spec.working_dir),
                              check_writable_folder(spec), check_environment(plan.env), check_arguments(plan.argv),
                              check_job_size(plan, plan.argv.empty() ? 0 : spec.args.size())}) {
    if (!checked) return std::unexpected(checked.error());
  }
  return plan;
}

RunPlan make_installer_plan(const RunPlan& program, const std::string& volume, const Limits& limits,
                            std::int64_t disk_bytes) {
  RunPlan plan;
  plan.run_id = program.run_id;
  plan.name = "packages for " + program.name;
  plan.language = program.language;
  plan.images = program.images;
  plan.argv = program.dependencies->argv;
  plan.files = program.dependencies->files;
  plan.env = program.dependencies->env;
  // A package may be larger than any tmpfs. From a folder in the volume, the installer's last move is a rename.
  plan.env.insert({{"HOME", "/tmp"}, {"LANG", "C.UTF-8"}, {"TMPDIR", std::string(kDependenciesMount) + "/tmp"}});
  plan.working_dir = kRunFolder;
  plan.volumes = {{.name = volume, .target = kDependenciesMount, .read_only = false}};
  plan.disk_path = kDependenciesMount;
  plan.disk_bytes = disk_bytes;
  plan.limits = limits;
  plan.network = Network::internet;
  plan.installs = true;
  return plan;
}

Result<void> run_image_command(const engine::Image& image, const std::vector<std::string>& args, RunPlan& plan) {
  if (!plan.argv.empty()) return {};
  // An image's own command starts in the folder where Docker starts it, because its relative paths depend on this
  // folder.
  if (plan.working_dir.empty() && cleaned(image.working_dir) == "/") plan.working_dir = "/";
  plan.argv = image.entrypoint;
  const auto& rest = args.empty() ? image.command : args;
  plan.argv.insert(plan.argv.end(), rest.begin(), rest.end());
  if (plan.argv.empty())
    return wrong(plan.images.empty()
                     ? "The Dockerfile has neither CMD nor ENTRYPOINT: add one, or say which command to run"
                     : "The image " + plan.images.front() +
                           " has neither CMD nor ENTRYPOINT: say which command to run (after --)");
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
