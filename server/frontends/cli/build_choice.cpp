#include "frontends/cli/build_choice.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "frontends/cli/program_file.hpp"

namespace dind::frontends::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIgnoreSuffix = ".dockerignore";

// The path relative to the context if the file is in the context, else the absolute path.
std::string name_in_context(const std::string& file, const std::string& context) {
  std::error_code problem;
  const auto folder = fs::canonical(fs::absolute(file, problem).parent_path(), problem);
  if (problem) return file;
  const auto path = folder / fs::path(file).filename();
  const auto relative = path.lexically_relative(fs::path(context));
  return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
}

// For `run --workspace DIR --dockerfile FILE`: FILE relative to the shell's folder, or else inside DIR.
std::string file_of(const RunArguments& arguments) {
  const fs::path file = *arguments.dockerfile;
  std::error_code problem;
  if (!arguments.folder || file.is_absolute() || fs::exists(file, problem)) return file;
  const auto beneath = fs::path(*arguments.folder) / file;
  return fs::exists(beneath, problem) ? beneath.string() : file.string();
}

}  // namespace

std::map<std::string, std::string> build_arguments(const RunArguments& arguments) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : arguments.build_args) {
    const char* own = value ? value->c_str() : std::getenv(name.c_str());
    if (own != nullptr) values.insert_or_assign(name, own);
  }
  return values;
}

Result<BuildProgram> read_build(const RunArguments& arguments, int stdin_fd, WorkspaceRuns* folders) {
  const bool from_stdin = *arguments.dockerfile == "-";
  const std::string file = from_stdin ? "" : file_of(arguments);
  auto text = from_stdin ? read_stdin(stdin_fd, "Dockerfile", "--dockerfile") : read_file(file, "Dockerfile");
  if (!text) return std::unexpected(text.error());
  BuildProgram build{.dockerfile = std::move(*text), .context_path = {}, .command = {}};
  build.dockerfile_name = from_stdin ? "Dockerfile on stdin" : file;
  build.arguments = build_arguments(arguments);
  build.target = arguments.target;
  if (!arguments.args.empty()) build.command = arguments.args;
  const std::string context = arguments.context.empty() ? arguments.folder.value_or("") : arguments.context;
  if (context.empty()) return build;
  if (folders == nullptr)
    return fail(ErrorCode::internal, "This command can't read a build's context: this is a bug in dind-executor");
  auto folder = folders->build_folder(context);
  if (!folder) return std::unexpected(folder.error());
  build.context_root = std::move(folder->root);
  build.context_path = std::move(folder->path);
  if (from_stdin) return build;
  build.dockerfile_name = name_in_context(file, folder->whole);
  std::error_code problem;
  if (build.dockerfile_name.starts_with('/') && fs::exists(file + kIgnoreSuffix, problem)) {
    auto rules = read_file(file + kIgnoreSuffix, "Dockerfile's .dockerignore");
    if (!rules) return std::unexpected(rules.error());
    build.ignore = std::move(*rules);
  }
  return build;
}

}  // namespace dind::frontends::cli
