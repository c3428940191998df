#include "frontends/cli/workspace_choice.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "services/workspaces/workspace_memory.hpp"
#include "support/text/escaped.hpp"
#include "support/text/trimmed.hpp"

namespace dind::frontends::cli {
namespace {

constexpr const char* kHow =
    "Say which one: `--program ID`, or a command after `--`; on a terminal you are asked once, and `--choose` asks "
    "again";

constexpr const char* kHowWithoutPrograms =
    "Give a command after `--` (`-- python3 app.py`), or add one of these files; on a terminal you are asked once";

const char* how(const WorkspaceProgramList& list) { return list.programs.empty() ? kHowWithoutPrograms : kHow; }

std::string line_of(const WorkspaceProgramSummary& program) {
  std::string line = program.label + "  (" + program.source;
  if (!program.detail.empty()) line += ": " + program.detail;
  line += ")";
  for (const auto& note : program.notes) line += "\n       " + note;
  return line;
}

void say(const Streams& streams, const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto count = ::write(streams.err, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

// nullopt: stdin has ended. Reads byte by byte, because what follows the line is the program's input.
std::optional<std::string> read_line(const Streams& streams) {
  std::string line;
  char c = 0;
  while (true) {
    const auto count = ::read(streams.in, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    if (c == '\n') return line;
    if (line.size() < 4096) line += c;
  }
}

Result<WorkspaceChoice> ask(const WorkspaceProgramList& list, const Streams& streams) {
  std::string text = "What is to run in " + escaped(list.folder) + "?\n";
  for (std::size_t i = 0; i < list.programs.size(); ++i)
    text += "  " + std::to_string(i + 1) + "  " + line_of(list.programs[i]) + "\n";
  for (const auto& note : list.notes) text += "     " + note + "\n";
  text += list.programs.empty() ? "  the folder does not say it; type a command" : "  or type a command";
  say(streams, text + "\n");
  while (true) {
    say(streams, list.programs.empty() ? "Command: " : "Number or command: ");
    const auto line = read_line(streams);
    if (!line) return fail(ErrorCode::invalid_request, std::string("Nothing was chosen. ") + how(list));
    const std::string typed(trimmed(*line, " \t\r"));
    if (typed.empty()) continue;
    std::size_t number = 0;
    const auto [end, problem] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
    if (end != typed.data() + typed.size()) return WorkspaceChoice{.program = {}, .command = typed};
    if (problem == std::errc{} && number >= 1 && number <= list.programs.size())
      return WorkspaceChoice{.program = list.programs[number - 1].id, .command = {}};
    say(streams, "There is no number " + typed + ".\n");
  }
}

bool has(const WorkspaceProgramList& list, const std::string& id) {
  return std::ranges::find(list.programs, id, &WorkspaceProgramSummary::id) != list.programs.end();
}

std::unexpected<Error> unclear(const WorkspaceProgramList& list) {
  std::string message =
      list.programs.empty()
          ? "Nothing in " + escaped(list.folder) +
                " says what to run (no Dockerfile or Containerfile, package.json with a start script, main.py, "
                "__main__.py or Makefile)"
          : choice_is_needed(std::ranges::all_of(list.programs, &WorkspaceProgramSummary::extra)) +
                escaped(list.folder) + ": ";
  for (const auto& each : list.programs)
    message += (&each == &list.programs.front() ? "" : ", ") + each.id + " (" + each.label + ", " + each.source + ")";
  for (const auto& note : list.notes) message += "; " + note;
  return fail(ErrorCode::invalid_request, message + ". " + how(list));
}

// Chooses what to run if the arguments do not say it.
Result<WorkspaceChoice> choice_of(const WorkspaceProgramList& list, const RunArguments& arguments,
                                  const Streams& streams) {
  const bool asks = !arguments.json && ::isatty(streams.in) == 1 && ::isatty(streams.err) == 1;
  if (!arguments.choose) {
    if (const auto before = remembered(list.folder); before && (!before->program || has(list, *before->program)))
      return *before;
    if (const auto* only = only_program(list.programs)) return WorkspaceChoice{.program = only->id, .command = {}};
  }
  if (!asks) {
    if (!arguments.choose || list.programs.empty()) return unclear(list);
    std::string ids;
    for (const auto& each : list.programs) ids += (ids.empty() ? "" : ", ") + each.id;
    return fail(ErrorCode::invalid_request, std::string("--choose asks on a terminal, which this run does not have") +
                                                (arguments.json ? " (--json)" : "") + ": name one with --program ID (" +
                                                ids + "), or give a command after --");
  }
  auto chosen = ask(list, streams);
  if (chosen && !remember(list.folder, *chosen))
    say(streams, "(The choice could not be saved, so it will be asked again: check ~/.local/state/dind-executor)\n");
  return chosen;
}

}  // namespace

Result<RunSpec> folder_spec(WorkspaceRuns& folders, const RunArguments& arguments, const Streams& streams) {
  const auto list = folders.programs(*arguments.folder, Terms::flags);
  if (!list) return std::unexpected(list.error());
  folders.set_if_unset(list->folder);
  WorkspaceRequest request{.folder = list->folder,
                           .program = arguments.program,
                           .command = {},
                           .access = arguments.workspace,
                           .terms = Terms::flags};
  if (arguments.file || arguments.dockerfile) {
    // The file is the program, as without the folder. Only the place of the folder is used.
    request.command = std::vector<std::string>{"true"};
  } else if (!arguments.args.empty()) {
    request.command = arguments.args;
  } else if (!request.program) {
    auto choice = choice_of(*list, arguments, streams);
    if (!choice) return std::unexpected(choice.error());
    request.program = std::move(choice->program);
    if (choice->command) request.command = dind::Command(std::move(*choice->command));
  }
  auto spec = folders.spec(request);
  if (!spec) return spec;
  if (arguments.dockerfile) spec->working_dir.clear();
  if (arguments.file || arguments.dockerfile) {
    spec->env.clear();
    spec->dependencies.clear();
    spec->constraints.clear();
    spec->notes.clear();
  }
  if (auto* command = std::get_if<CommandProgram>(&spec->program); command != nullptr && arguments.language)
    command->language = arguments.language;
  return spec;
}

}  // namespace dind::frontends::cli
