#include "frontends/cli/program_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "frontends/cli/build_choice.hpp"
#include "services/workspaces/languages_service.hpp"
#include "support/text/dockerfile_name.hpp"
#include "support/text/requirements.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

std::string shown(const std::string& path) {
  std::string out;
  for (const char c : path) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

Result<int> open_for_reading(const std::string& path, const char* what) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int seen = errno;
    if (seen == ENOENT || seen == ENOTDIR) {
      return fail(ErrorCode::not_found, "There is no file " + shown(path) + "; check the path of the " + what);
    }
    return wrong(shown(path) + " can't be read (" + std::generic_category().message(seen) + "); check its permissions");
  }
  struct stat status{};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(fd);
    return wrong(shown(path) + " is a directory; name a file as the " + what +
                 (std::string_view(what) == "program" ? ", or run the folder: --workspace " + shown(path) : ""));
  }
  return fd;
}

// Reads up to the end. More than kMaxProgramBytes is an error. `what`: what the bytes are, "program" or "requirements".
Result<std::string> read_all(int fd, const std::string& name, std::string_view what) {
  std::string text;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return wrong(name + " can't be read (" + std::generic_category().message(errno) + ")");
    if (count == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(count));
    if (text.size() > kMaxProgramBytes) {
      return wrong(name + " is larger than " + format_bytes(kMaxProgramBytes) + ", the max" +
                   (what == "program" ? "; give data with --stdin instead" : ""));
    }
  }
}

Result<SourceProgram> read_program(const RunArguments& arguments, int stdin_fd) {
  SourceProgram program{.file_name = {}, .text = {}, .language = arguments.language};
  const std::string& path = *arguments.file;
  if (path == "-") {
    auto text = read_all(stdin_fd, "The program on stdin", "program");
    if (!text) return std::unexpected(text.error());
    if (text->empty()) return wrong("stdin is empty; pipe a program into `dind-executor run -`");
    program.text = std::move(*text);
    return program;
  }
  std::error_code ignored;
  const bool no_program = !program.language && !runnable_language(std::nullopt, path, "");
  if (no_program && is_dockerfile_name(path) && std::filesystem::is_regular_file(path, ignored))
    return wrong(shown(path) + " is a Dockerfile; build it and run its image: --dockerfile " + shown(path));
  auto text = read_file(path, "program");
  if (!text && text.error().code == ErrorCode::not_found && arguments.folder) {
    const auto inside = std::filesystem::path(*arguments.folder) / path;
    if (std::filesystem::exists(inside, ignored))
      return fail(ErrorCode::not_found, "There is no file " + shown(path) + " here, but " + shown(inside.string()) +
                                            " is there: name that, or give a command in the folder after --");
  }
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return wrong(shown(path) + " is empty; there is nothing to run");
  program.file_name = path.substr(path.find_last_of('/') + 1);
  program.folder = std::filesystem::absolute(path, ignored).parent_path().string();
  program.text = std::move(*text);
  return program;
}

// Adds build options for a folder whose program is a Dockerfile.
Result<void> add_build_options(const RunArguments& arguments, RunSpec& spec) {
  if (arguments.build_args.empty() && arguments.target.empty()) return {};
  auto* build = std::get_if<BuildProgram>(&spec.program);
  if (build == nullptr)
    return wrong("run: --build-arg and --target need a Dockerfile, and the folder's program is not one");
  build->arguments = build_arguments(arguments);
  build->target = arguments.target;
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, const char* what) {
  const auto fd = open_for_reading(path, what);
  if (!fd) return std::unexpected(fd.error());
  auto text = read_all(*fd, shown(path), what);
  ::close(*fd);
  return text;
}

Result<std::string> read_stdin(int stdin_fd, const char* what, const std::string& option) {
  auto text = read_all(stdin_fd, "The " + std::string(what) + " on stdin", what);
  if (text && text->empty())
    return wrong("stdin is empty; pipe the " + std::string(what) + " into `dind-executor run " + option + " -`");
  return text;
}

Result<RunSpec> make_spec(const RunArguments& arguments, int stdin_fd, std::optional<RunSpec> base,
                          WorkspaceRuns* folders) {
  if (arguments.again) return *arguments.again;
  const bool folder = base.has_value();
  RunSpec spec = std::move(base).value_or(RunSpec{});
  spec.image = arguments.image;
  for (const auto& [name, value] : arguments.env) spec.env.insert_or_assign(name, value);
  spec.limits = arguments.limits;
  spec.network = arguments.network;
  spec.pull = arguments.pull;
  spec.isolation = arguments.isolation;
  if (arguments.workspace) spec.workspace = arguments.workspace;
  if (!arguments.working_dir.empty()) spec.working_dir = arguments.working_dir;
  if (!folder && spec.working_dir.empty() && spec.workspace && !arguments.file) spec.working_dir = kWorkspaceMount;
  spec.total_timeout = arguments.total_timeout;
  spec.record = arguments.record;
  if (arguments.dockerfile) {
    auto build = read_build(arguments, stdin_fd, folders);
    if (!build) return std::unexpected(build.error());
    spec.program = std::move(*build);
    return spec;
  }
  if (const auto added = add_build_options(arguments, spec); !added) return std::unexpected(added.error());
  std::ranges::copy(arguments.dependencies, std::back_inserter(spec.dependencies));
  if (arguments.requirements_file) {
    if (*arguments.requirements_file == "-" && arguments.file == "-")
      return wrong("run: only one of the program and --with-requirements can be read from stdin");
    auto found = read_requirements(*arguments.requirements_file, [&](const std::string& path) {
      return path == "-" ? read_stdin(stdin_fd, "requirements", "--with-requirements")
                         : read_file(path, "requirements");
    });
    if (!found) return std::unexpected(found.error());
    std::ranges::move(found->lines, std::back_inserter(spec.dependencies));
    std::ranges::move(found->constraints, std::back_inserter(spec.constraints));
  }
  if (!arguments.file && folder) return spec;
  if (!arguments.file) {
    spec.program = CommandProgram{arguments.args};
    return spec;
  }
  auto program = read_program(arguments, stdin_fd);
  if (!program) return std::unexpected(program.error());
  spec.program = std::move(*program);
  spec.args = arguments.args;
  return spec;
}

namespace {

// Matches "-t.py" and "-n.tar.gz", not "-t1.5" and "-idebian:12.5".
bool has_extension(std::string_view word) {
  const auto dot = word.rfind('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == word.size()) return false;
  return std::ranges::all_of(word.substr(dot + 1), [](unsigned char c) { return std::isalpha(c) != 0; });
}

bool may_be_a_file(const std::string& word) {
  return word.starts_with('-') && !word.contains('=') && has_extension(word);
}

}  // namespace

std::string files_for_options(const std::vector<std::string>& words) {
  std::string hint;
  for (const auto& word : words)
    if (may_be_a_file(word)) hint += "; a file of that name is given as ./" + shown(word);
  return hint;
}

Result<void> check_options(const std::vector<std::string>& words) {
  std::error_code ignored;
  for (const auto& word : words)
    if (may_be_a_file(word) && std::filesystem::is_regular_file(word, ignored))
      return wrong("\"" + shown(word) + "\" begins with a dash, as an option does, and is a file here: name it ./" +
                   shown(word));
  return {};
}

Result<int> open_input(const std::string& path) { return open_for_reading(path, "program's stdin"); }

}  // namespace dind::frontends::cli
