#include "faces/cli/program_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

#include "support/requirement_lines.hpp"
#include "support/units.hpp"

namespace dind::faces::cli {
namespace {

std::string shown(const std::string& path) {
  std::string out;
  for (const char c : path) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::invalid_request, std::move(message)); }

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
    return wrong(shown(path) + " is a directory; name a file as the " + what);
  }
  return fd;
}

// Everything up to the end, or an error past kMostProgramBytes.
Result<std::string> read_all(int fd, const std::string& name) {
  std::string text;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return wrong(name + " can't be read (" + std::generic_category().message(errno) + ")");
    if (count == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(count));
    if (text.size() > kMostProgramBytes) {
      return wrong(name + " is larger than " + format_bytes(kMostProgramBytes) +
                   ", the most that a program may have; give data with --stdin instead");
    }
  }
}

Result<std::string> read_file(const std::string& path, const char* what) {
  const auto fd = open_for_reading(path, what);
  if (!fd) return std::unexpected(fd.error());
  auto text = read_all(*fd, shown(path));
  ::close(*fd);
  return text;
}

Result<SourceProgram> read_program(const RunArguments& arguments, int stdin_fd) {
  SourceProgram program{.file_name = {}, .text = {}, .language = arguments.language};
  const std::string& path = *arguments.file;
  if (path == "-") {
    auto text = read_all(stdin_fd, "The program on stdin");
    if (!text) return std::unexpected(text.error());
    if (text->empty()) return wrong("stdin is empty; pipe a program into `dind-executor run -`");
    program.text = std::move(*text);
    return program;
  }
  auto text = read_file(path, "program");
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return wrong(shown(path) + " is empty; there is nothing to run");
  program.file_name = path.substr(path.find_last_of('/') + 1);
  program.text = std::move(*text);
  return program;
}

}  // namespace

Result<RunSpec> make_spec(const RunArguments& arguments, int stdin_fd, std::optional<RunSpec> base) {
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
  if (arguments.dockerfile) {
    auto text = read_file(*arguments.dockerfile, "Dockerfile");
    if (!text) return std::unexpected(text.error());
    BuildProgram build{.dockerfile = std::move(*text), .context_path = arguments.context, .command = {}};
    if (!arguments.args.empty()) build.command = arguments.args;
    spec.program = std::move(build);
    return spec;
  }
  std::ranges::copy(arguments.requirements, std::back_inserter(spec.requirements));
  if (arguments.requirements_file) {
    auto text = read_file(*arguments.requirements_file, "requirements");
    if (!text) return std::unexpected(text.error());
    std::ranges::move(requirement_lines(*text), std::back_inserter(spec.requirements));
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

Result<int> open_input(const std::string& path) { return open_for_reading(path, "program's stdin"); }

}  // namespace dind::faces::cli
