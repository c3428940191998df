#include "dind/patterns.hpp"

#include <utility>

#include "support/text/escaped.hpp"
#include "support/text/shebang.hpp"
#include "support/text/shortened.hpp"
#include "support/text/source_text.hpp"

namespace dind {
namespace {

RunSpec within(std::optional<std::chrono::milliseconds> timeout) {
  RunSpec spec;
  spec.limits.timeout = timeout;
  spec.total_timeout = timeout;
  return spec;
}

// "3.11" and "3.11-slim" → "python:3.11-slim"
std::string python_image(const std::string& version) {
  if (version == "latest") return "python:slim";  // the registry has no "latest-slim"
  const bool slim = ('-' + version + '-').contains("-slim-");
  return "python:" + version + (slim ? "" : "-slim");
}

}  // namespace

RunSpec to_run_spec(PythonCode python) {
  RunSpec spec = within(python.timeout);
  // The code came as Unicode text and is UTF-8 now, whatever encoding it declares.
  spec.program =
      SourceProgram{.file_name = "main.py", .text = declared_as_utf8(std::move(python.code)), .language = "python"};
  if (!python.python_version.empty()) spec.image = python_image(python.python_version);
  spec.dependencies = std::move(python.requirements);
  return spec;
}

RunSpec to_run_spec(ShellScript shell) {
  RunSpec spec = within(shell.timeout);
  if (shell.shell == "/bin/bash" || shell.shell == "bash") {
    spec.program = SourceProgram{.file_name = "script.sh", .text = std::move(shell.script), .language = "shell"};
    spec.image = std::move(shell.image);
  } else {
    std::vector<std::string> argv{shell.shell};
    // Pass on the options of a `#!` line that names this shell: the shell reads the line itself as a comment.
    const auto line = parse_shebang(shell.script);
    if (line && line->env.empty() && line->name() == shell.shell.substr(shell.shell.find_last_of('/') + 1))
      argv.insert(argv.end(), line->arguments.begin(), line->arguments.end());
    else if (line && (!line->env.empty() || !line->arguments.empty()))
      spec.notes.push_back("its #! line names " + shortened(escaped(line->interpreter), 80) + "; " +
                           shortened(escaped(shell.shell), 80) + " runs it, without the line's options");
    argv.insert(argv.end(), {"-c", std::string(without_byte_order_mark(shell.script))});
    spec.program = CommandProgram{.command = std::move(argv), .language = "shell"};  // for the language's images
    spec.image = std::move(shell.image);
  }
  return spec;
}

RunSpec to_run_spec(CommandRequest command) {
  RunSpec spec = within(command.timeout);
  spec.program = CommandProgram{std::move(command.command)};
  spec.image = std::move(command.image);
  if (command.mount_workspace) spec.workspace = WorkspaceAccess::read_write;
  spec.working_dir = std::move(command.working_dir);
  if (spec.working_dir.empty() && command.mount_workspace) spec.working_dir = kWorkspaceMount;
  return spec;
}

RunSpec to_run_spec(BuildRequest build) {
  RunSpec spec = within(build.timeout);
  spec.program = BuildProgram{.dockerfile = std::move(build.dockerfile_content),
                              .context_path = std::move(build.context_path),
                              .command = {},
                              .arguments = std::move(build.build_args),
                              .target = std::move(build.target)};
  return spec;
}

}  // namespace dind
