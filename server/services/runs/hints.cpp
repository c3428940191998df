#include "services/runs/hints.hpp"

#include <algorithm>
#include <csignal>
#include <initializer_list>

#include "domain/terms.hpp"
#include "languages/python_tools.hpp"
#include "sandbox/run/run_notes.hpp"
#include "services/runs/hint_lines.hpp"
#include "services/runs/missing_parts.hpp"
#include "services/runs/windows_line_ends.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr std::size_t kLines = 40;
constexpr std::size_t kMaxHints = 3;

using Words = std::initializer_list<std::string_view>;

std::string shown(std::string_view text) { return shortened(escaped(text), 120); }

// The last of the last kLines lines that has one of the words. Empty: no line has one. `not_of_localhost`: skips lines
// about the sandbox's own address, because they do not concern another machine.
std::string_view line_with(std::string_view text, const Words& words, bool not_of_localhost = false) {
  auto lines = last_lines(text, kLines);
  std::ranges::reverse(lines);
  for (const auto line : lines) {
    if (not_of_localhost && (line.contains("localhost") || line.contains("127.0.0.1") || line.contains("[::1]")))
      continue;
    if (std::ranges::any_of(words, [&](std::string_view word) { return line.contains(word); })) return line;
  }
  return {};
}

bool says(const Ending& ending, const Words& words, bool not_of_localhost = false) {
  return !line_with(ending.err, words, not_of_localhost).empty() ||
         !line_with(ending.out, words, not_of_localhost).empty();
}

bool failed(const Ending& ending) { return ending.result.verdict != Verdict::ok; }

bool has_own_image(const Ending& ending) {
  return ending.spec.image || !std::holds_alternative<SourceProgram>(ending.spec.program);
}

// A shell script may continue after a failed command, so its exit code says little.
bool failed_or_shell(const Ending& ending) { return failed(ending) || ending.language == "shell"; }

// Whether Node reports a failed fetch without its cause. A program that connects to its own sandbox does not count.
bool fetch_failed(const Ending& ending) {
  const auto* source = std::get_if<SourceProgram>(&ending.spec.program);
  const bool own = source != nullptr && (source->text.contains("localhost") || source->text.contains("127.0.0.1"));
  return !own && says(ending, {"fetch failed"}) && !says(ending, {"ECONNREFUSED"});
}

std::string no_network(const Ending& ending) {
  if (!failed_or_shell(ending) || ending.result.stage != Stage::program) return {};
  // A note already says that the command itself needs a network (P10).
  if (std::ranges::any_of(ending.result.notes, [](const auto& note) { return note.contains("has no network, which"); }))
    return {};
  const Words unknown{"Temporary failure in name resolution",
                      "gaierror",
                      "EAI_AGAIN",
                      "ENOTFOUND",
                      "Could not resolve host",
                      "ould not resolve hostname",
                      "Name or service not known",
                      "No address associated with hostname",
                      "UnknownHostException",
                      "no such host",
                      "failed to lookup address",
                      "unable to resolve host address",
                      "bad address '",
                      "Temporary failure resolving",
                      "getaddrinfo failed"};
  const Words unreachable{"Network is unreachable", "ENETUNREACH", "network is unreachable", "EHOSTUNREACH",
                          "No route to host"};
  if (ending.spec.network == Network::internet) {
    if (!says(ending, unreachable, true)) return {};
    return "a run with a network reaches only public addresses; private ones and the machine itself are blocked";
  }
  if (!says(ending, unknown, true) && !says(ending, unreachable, true) && !fetch_failed(ending)) return {};
  if (!ending.internet_allowed)
    return "a run has no network here, so no name resolves: the operator does not allow one (limits.allowInternet)";
  return "the run has no network, so no name resolves: run it with " +
         in_terms(ending.spec.terms, {.fields = "\"network\": \"internet\"",
                                      .flags = "--network internet",
                                      .settings = "the setting dind.network at internet"}) +
         ", or install packages first";
}

std::string no_input(const Ending& ending) {
  if (!failed(ending)) return {};
  if (!line_with(ending.err, {"EOFError: EOF when reading a line"}).empty())
    return "the program asked for more input than it got: " +
           in_terms(ending.spec.terms,
                    {.fields = "give it in \"stdin\"",
                     .flags = "give it with --stdin FILE or through a pipe",
                     .settings = "the editor gave it no stdin; let it read a file, and run the whole folder"});
  if (line_with(ending.err, {"Inappropriate ioctl for device", "'/dev/tty'", "the input device is not a TTY",
                             "stdin is not a terminal", "not a tty", "Must be run in a terminal"})
          .empty())
    return {};
  return "a program in a sandbox has no terminal: let it read plain lines from stdin";
}

std::string read_only(const Ending& ending) {
  if (!failed(ending) || !says(ending, {"Read-only file system", "EROFS", "[Errno 30]", "read-only file system"}))
    return {};
  std::string hint =
      "programs have a read-only root file system and are not root, regardless of USER: /tmp, /sandbox and /dev/shm "
      "are "
      "writable";
  if (ending.spec.workspace == WorkspaceAccess::read_only)
    hint += "; the workspace is read-only in this run (readOnly)";
  else if (ending.spec.workspace)
    hint += "; of the workspace, .git, .vscode and similar folders stay read-only";
  return hint;
}

// The end of a line, from the first path in a folder in memory. Empty: the line has no such path.
std::string_view path_in_memory(std::string_view line) {
  auto first = line.size();
  for (const std::string_view folder : {"/tmp/", "/dev/shm/", "/sandbox/"})
    for (auto at = line.find(folder); at != std::string_view::npos; at = line.find(folder, at + 1))
      if (at == 0 || std::string_view(" '\"`(=:").contains(line[at - 1])) first = std::min(first, at);
  return line.substr(first);
}

std::string hidden_by_memory(const Ending& ending) {
  if (!failed(ending) || !has_own_image(ending)) return {};
  if (std::ranges::any_of(ending.result.notes, [](const auto& note) { return note.contains(sandbox::kEmptyFolder); }))
    return {};
  auto lines = last_lines(ending.err, kLines);
  std::ranges::reverse(lines);
  for (const auto line : lines) {
    if (!line.contains("No such file") && !line.contains("no such file") && !line.contains("ENOENT") &&
        !line.contains("not found") && !line.contains("Cannot find module"))
      continue;
    if (auto note = sandbox::hidden_content_note(path_in_memory(line)); !note.empty()) return note;
  }
  return {};
}

// The supervisor does not see that a folder was full if the program has removed its file since. So the hint reads the
// output.
std::string no_space(const Ending& ending) {
  if (!failed(ending) || ending.result.verdict == Verdict::disk_limit) return {};
  if (!says(ending, {"No space left on device", "ENOSPC: no space left", "[Errno 28]", "Disk quota exceeded"}))
    return {};
  if (says(ending, {"file watchers", "inotify"})) return {};
  std::string hint =
      "a folder in memory was full (/tmp, the program's own folder, /dev/shm or a VOLUME of the image): " +
      more_tmp_in_terms(ending.spec.terms) + ", write less, or write into a writable workspace";
  if (ending.spec.workspace == WorkspaceAccess::read_write) hint += " (or the disk of the workspace itself was full)";
  return hint;
}

std::string not_permitted(const Ending& ending) {
  if (!failed(ending)) return {};
  if (!line_with(ending.err, {"are you root?", "must be run as root", "must be root", "sudo: ", "requires superuser",
                              "Could not open lock file"})
           .empty() ||
      !line_with(ending.err, {"sudo: command not found", "sudo: not found"}).empty())
    return "no program in a sandbox is root: install what it needs in an image (a Dockerfile)";
  const auto refused = line_with(ending.err, {"Permission denied", "[Errno 13]", "EACCES", "permission denied"});
  // "Permission denied (publickey)" comes from another machine.
  if (!has_own_image(ending) || refused.empty() || refused.contains("denied (")) return {};
  return ending.spec.workspace
             ? "programs are not root: they run as the owner of the workspace, or as the user nobody if that is root"
             : "programs run as a user that owns nothing, with a read-only root file system, regardless of USER: let "
               "others read "
               "what they need (chmod -R a+rX in the Dockerfile)";
}

std::string not_trusted(const Ending& ending) {
  const bool had_network = ending.spec.network == Network::internet || ending.result.stage != Stage::program;
  if (!had_network || ending.own_authorities || !failed_or_shell(ending)) return {};
  if (!says(ending, {"CERTIFICATE_VERIFY_FAILED", "SSL certificate problem", "unable to get local issuer certificate",
                     "self-signed certificate in certificate chain", "self signed certificate in certificate chain",
                     "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                     "x509: certificate signed by unknown authority", "certificate verify failed"}))
    return {};
  return "a certificate is not trusted; behind a proxy with an authority of its own, the operator names the bundle of "
         "certificates: caBundle in the configuration, or DIND_CA_BUNDLE";
}

std::string dubious_owner(const Ending& ending) {
  if (!says(ending, {"detected dubious ownership in repository"})) return {};
  return "git does not trust a folder of another user: " +
         variables_in_terms(
             ending.spec.terms,
             {{"GIT_CONFIG_COUNT", "1"}, {"GIT_CONFIG_KEY_0", "safe.directory"}, {"GIT_CONFIG_VALUE_0", "*"}});
}

// The missing command, such as "curl" in "app.sh: line 2: curl: command not found" and "sh: 1: curl: not found".
std::string missing_command(std::string_view err) {
  const auto line = line_with(err, {": command not found", ": not found"});
  const auto end = std::min(line.find(": command not found"), line.find(": not found"));
  if (line.empty() || end == std::string_view::npos) return {};
  auto name = line.substr(0, end);
  if (const auto colon = name.rfind(": "); colon != std::string_view::npos) name = name.substr(colon + 2);
  const bool plain = !name.empty() && name.size() <= 64 && name.find_first_of(" /'\"") == std::string_view::npos;
  return plain && escaped(name) == name ? std::string(name) : std::string();
}

std::string missing_program(const Ending& ending) {
  if (!failed_or_shell(ending)) return {};
  auto name = missing_command(ending.err);
  if (name.empty() && failed(ending)) {
    const auto lines = last_lines(ending.err, 1);
    const auto file = lines.empty() ? std::nullopt : between(lines.front(), "No such file or directory: '", "'");
    // Popen reports a missing program with these words, and open() a missing file.
    const bool started = file && ending.err.contains("subprocess.py\", line ") && !file->contains('/');
    if (file && (started || languages::is_python_tool(*file))) name = shown(*file);
  }
  if (name.empty() || name == "sudo") return {};
  if (languages::is_python_tool(name))
    return "the program " + name + " is not on PATH; if a Python package provides it, run it as python3 -m " + name;
  if (!failed(ending) && ending.language == "shell" && ending.err.size() > 2000) return {};
  return "the image " + shown(ending.result.image) + " has no program " + name + ": choose an image that has it " +
         image_remedy(ending.spec.terms);
}

std::string too_little_memory(const Ending& ending) {
  if (!failed(ending) || ending.result.verdict == Verdict::out_of_memory) return {};
  const auto lines = last_lines(ending.err, 1);
  const bool python = !lines.empty() && lines.front().starts_with("MemoryError");
  if (!python &&
      line_with(ending.err, {"JavaScript heap out of memory", "std::bad_alloc", "java.lang.OutOfMemoryError"}).empty())
    return {};
  return "the program ran out of memory: give it more with " +
         in_terms(ending.spec.terms, {.fields = "\"limits\": {\"memory\": \"2g\"}",
                                      .flags = "--memory 2g",
                                      .settings = "the setting dind.memory"});
}

// For a file that the program could not start. (For a program that the run could not start:
// sandbox/run/exec_error.cpp.)
std::string not_for_this_machine(const Ending& ending) {
  if (!failed_or_shell(ending)) return {};
  constexpr int kRefusedCallExit = 128 + SIGSYS;  // a shell's exit code for a child that this signal ended
  if (ending.result.signal == SIGSYS || ending.result.exit_code == kRefusedCallExit)
    return "a filter of system calls ended the program (SIGSYS): a sandbox runs no programs of 32 bits; build it for "
           "the engine's machine";
  if (says(ending, {"Exec format error", "cannot execute binary file"}))
    return "a file that was to be executed is for another machine, or is not a program: build it for the engine's "
           "machine";
  if (says(ending, {"cannot execute: required file not found"}))
    return "a file that was to be executed names a loader or an interpreter that is not in the image: choose an image "
           "that has it, or build the program statically";
  return {};
}

std::string no_display(const Ending& ending) {
  if (!failed(ending) ||
      line_with(ending.err, {"no display name and no $DISPLAY", "cannot open display", "Could not connect to display",
                             "could not connect to display", "Qt platform plugin", "cannot connect to X server"})
          .empty())
    return {};
  return "a sandbox has no display: write what the program shows to a file";
}

std::string not_reachable(const Ending& ending) {
  if (ending.result.verdict != Verdict::timeout || ending.result.stage != Stage::program) return {};
  if (!says(ending, {"Running on http", "Uvicorn running on", "Serving HTTP on", "Listening at: http",
                     "Starting development server at http", "istening on http"}))
    return {};
  return "the program is a server: nothing outside of its sandbox reaches it, and it ends at its time limit";
}

bool defines_tests(std::string_view text) {
  const bool functions =
      text.starts_with("def test_") || text.contains("\ndef test_") || text.contains("\nasync def test_");
  const bool cases = text.contains("TestCase)") || text.contains("\nclass Test") || text.starts_with("class Test");
  return functions || cases;
}

std::string only_tests(const Ending& ending) {
  const auto* source = std::get_if<SourceProgram>(&ending.spec.program);
  if (source == nullptr || ending.language != "python" || failed(ending)) return {};
  if (ending.result.stdout_bytes != 0 || ending.result.stderr_bytes != 0 || !defines_tests(source->text)) return {};
  if (source->text.contains("__main__") || source->text.contains(".main(")) return {};
  const std::string tool = source->text.contains("unittest") ? "unittest" : "pytest";
  return "the program only defines tests, and nothing runs them: run its folder: " +
         folder_run_in_terms(
             ending.spec.terms, "DIR",
             "python3 -m " + tool + (source->file_name.empty() ? "" : " " + command_word(source->file_name)));
}

std::string written_for_python2(const Ending& ending) {
  if (!failed(ending) || line_with(ending.err, {"Missing parentheses in call to 'print'"}).empty()) return {};
  return "the program is written for Python 2, and Python 3 runs it";
}

std::string wrong_package(const Ending& ending) {
  if (ending.result.stage != Stage::dependencies) return {};
  for (const auto& each : ending.spec.dependencies) {
    const auto name = each.substr(0, each.find_first_of(" [<>=!~;@("));
    const auto package = languages::python_package(name);
    if (package != name && !line_with(ending.err, {"No matching distribution found for " + name}).empty())
      return "the package that provides the module " + shown(name) + " is " + package;
  }
  return {};
}

}  // namespace

std::vector<std::string> hints(const Ending& ending) {
  std::vector<std::string> found;
  const auto add = [&](std::string hint) {
    if (hint.empty() || found.size() == kMaxHints || std::ranges::find(found, hint) != found.end()) return;
    const auto& notes = ending.result.notes;
    if (std::ranges::find(notes, hint) == notes.end()) found.push_back(std::move(hint));
  };
  if (ending.result.verdict == Verdict::cancelled) return found;
  const bool began = ending.result.stage == Stage::program;
  add(windows_line_ends(ending));
  add(wrong_package(ending));
  if (began && failed(ending)) {
    add(missing_python_module(ending));
    if (ending.language == "javascript") add(missing_node_module(ending));
  }
  if (began && failed_or_shell(ending)) add(missing_neighbour(ending));
  if (began && found.empty()) add(missing_program(ending));
  add(not_trusted(ending));
  add(no_network(ending));
  add(no_input(ending));
  add(dubious_owner(ending));
  if (began) {
    for (const auto& each : {hidden_by_memory, read_only, no_space, not_permitted, too_little_memory,
                             not_for_this_machine, no_display, not_reachable, only_tests, written_for_python2})
      add(each(ending));
  }
  return found;
}

}  // namespace dind
