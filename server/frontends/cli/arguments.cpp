#include "frontends/cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "frontends/cli/help_texts.hpp"
#include "frontends/cli/program_file.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

// The texts as the user typed them. They are interpreted after parsing, in one place, so that all messages have one
// style.
struct RawRun {
  std::string file, language, image, timeout, memory, cpus, pids, stdin_file, pull, isolation;
  std::string requirements_file, workspace, working_dir, dockerfile, context, total_timeout, folder, program;
  bool choose = false;
  bool no_handover = false, no_history = false;
  std::string network = "none";
  std::string target;
  std::vector<std::string> env, dependencies, build_args;
};

// The usage text must be written here, because CLI11 does not know what follows `--`.
struct RunFormatter : CLI::Formatter {
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: dind-executor run [OPTIONS] FILE|- [-- ARGS...]\n"
           "       dind-executor run [OPTIONS] --image IMAGE [-- COMMAND [ARGS...]]\n"
           "       dind-executor run [OPTIONS] --dockerfile FILE|- [--context DIR] [-- COMMAND [ARGS...]]\n"
           "       dind-executor run [OPTIONS] --workspace DIR [--program ID | --choose | --dockerfile FILE |\n"
           "                                                    [FILE] [-- COMMAND [ARGS...]]]\n";
  }
};

template <typename T>
Result<T> number(const std::string& option, const std::string& text, const char* expected) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !(value > 0) ||
      !std::isfinite(static_cast<double>(value))) {
    return wrong(option + ": \"" + text + "\" is not " + expected);
  }
  return value;
}

Result<LimitsRequest> limits_of(const RawRun& raw) {
  LimitsRequest limits;
  if (!raw.timeout.empty()) {
    const auto timeout = parse_duration(raw.timeout);
    if (!timeout) return wrong("--timeout: " + timeout.error().message);
    limits.timeout = *timeout;
  }
  if (!raw.memory.empty()) {
    const auto memory = parse_bytes(raw.memory);
    if (!memory) return wrong("--memory: " + memory.error().message);
    limits.memory_bytes = *memory;
  }
  if (!raw.cpus.empty()) {
    const auto cpus = number<double>("--cpus", raw.cpus, "a number above 0 (0.5, 2)");
    if (!cpus) return std::unexpected(cpus.error());
    limits.cpus = *cpus;
  }
  if (!raw.pids.empty()) {
    const auto pids = number<std::int64_t>("--pids", raw.pids, "a whole number above 0");
    if (!pids) return std::unexpected(pids.error());
    limits.pids = *pids;
  }
  return limits;
}

Result<RunArguments> run_of(const RawRun& raw, std::vector<std::string> rest, bool json, bool quiet) {
  RunArguments run;
  run.args = std::move(rest);
  run.json = json;
  run.quiet = quiet;
  const auto optional = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  run.file = optional(raw.file);
  run.language = optional(raw.language);
  run.image = optional(raw.image);
  run.stdin_file = optional(raw.stdin_file);
  run.dockerfile = optional(raw.dockerfile);
  run.context = raw.context;
  if (run.dockerfile && (run.file || run.image))
    return wrong("run: --dockerfile says what runs and in which image: remove FILE and --image");
  if (!run.dockerfile && !run.context.empty()) return wrong("run: --context needs --dockerfile FILE");
  run.folder = optional(raw.folder);
  run.program = optional(raw.program);
  run.choose = raw.choose;
  run.no_handover = raw.no_handover;
  run.record = !raw.no_history;
  if (!run.folder && (run.program || run.choose)) return wrong("run: --program and --choose need --workspace DIR");
  if (run.folder && run.dockerfile && (run.program || run.choose))
    return wrong("run: --dockerfile says what of the folder runs: remove --program and --choose");
  if (run.folder && !run.context.empty()) return wrong("run: --workspace DIR is the build's context: remove --context");
  run.target = raw.target;
  for (const auto& pair : raw.build_args) {
    const auto equals = pair.find('=');
    if (pair.empty() || equals == 0) return wrong("--build-arg: one of the values is neither NAME=VALUE nor NAME");
    run.build_args.insert_or_assign(
        pair.substr(0, equals), equals == std::string::npos ? std::nullopt : std::optional(pair.substr(equals + 1)));
  }
  if (!run.dockerfile && !run.folder && (!run.build_args.empty() || !run.target.empty()))
    return wrong("run: --build-arg and --target need --dockerfile FILE");
  if ((run.program || run.choose) && (run.file || !run.args.empty()))
    return wrong("run: --program and --choose say what of the folder runs: remove the FILE or COMMAND");
  if (run.program && run.choose) return wrong("run: --program names the program: remove --choose");
  run.dependencies = raw.dependencies;
  run.requirements_file = optional(raw.requirements_file);
  if (!run.file && !run.folder && (!run.dependencies.empty() || run.requirements_file))
    return wrong("run: --with needs a FILE; for a command, use an image that has its packages");
  run.working_dir = raw.working_dir;
  if (!raw.workspace.empty()) {
    run.workspace = raw.workspace == "ro"   ? std::optional(WorkspaceAccess::read_only)
                    : raw.workspace == "rw" ? std::optional(WorkspaceAccess::read_write)
                                            : std::nullopt;
    if (!run.workspace) return wrong("--mount-workspace: \"" + raw.workspace + "\" is neither ro nor rw");
  }
  if (!raw.total_timeout.empty()) {
    const auto total = parse_duration(raw.total_timeout);
    if (!total) return wrong("--total-timeout: " + total.error().message);
    run.total_timeout = *total;
  }
  if (!run.file && !run.dockerfile && !run.folder && !run.image && run.args.empty()) {
    return wrong(
        "run: name a FILE (`dind-executor run hello.py`), `-` for a program on stdin, an image (`--image IMAGE`), or a "
        "command in it (`--image IMAGE -- COMMAND`)");
  }
  if (!run.file && !run.dockerfile && !run.folder && !run.image) {
    return wrong("run: a command needs an image: `dind-executor run --image IMAGE -- " + run.args.front() + " …`");
  }
  if (run.dockerfile && run.language) return wrong("run: --dockerfile says what runs: remove --language");
  if (!run.file && run.language && (!run.folder || run.args.empty()))
    return wrong("run: --language needs a FILE; a command or an image has no language");
  const auto limits = limits_of(raw);
  if (!limits) return std::unexpected(limits.error());
  run.limits = *limits;
  if (raw.network != "none" && raw.network != "internet") {
    return wrong("--network: \"" + raw.network + "\" is neither none nor internet");
  }
  run.network = raw.network == "internet" ? Network::internet : Network::none;
  if (!raw.pull.empty()) {
    run.pull = parse_pull_policy(raw.pull);
    if (!run.pull) return wrong("--pull: \"" + raw.pull + "\" is not missing, never or always");
  }
  if (!raw.isolation.empty()) {
    run.isolation = parse_isolation(raw.isolation);
    if (!run.isolation) return wrong("--isolation: \"" + raw.isolation + "\" is neither runc nor gvisor");
  }
  for (const auto& pair : raw.env) {
    const auto equals = pair.find('=');
    // The message does not repeat what was typed: it may be only the secret.
    if (equals == std::string::npos || equals == 0) return wrong("--env: one of the values is not NAME=VALUE");
    run.env.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return run;
}

struct RawLog {
  std::optional<std::string> level, format, file;
};

Result<LogFlags> log_of(const RawLog& raw) {
  LogFlags flags;
  if (raw.level && !(flags.level = parse_log_level(*raw.level)))
    return wrong("--log-level: \"" + *raw.level + "\" is not debug, info, warning, error or off");
  if (raw.format && !(flags.format = parse_log_format(*raw.format)))
    return wrong("--log-format: \"" + *raw.format + "\" is neither text nor json");
  if (raw.file && raw.file->empty()) return wrong("--log-file: the value is empty");
  flags.file = raw.file;
  return flags;
}

std::string without_line_ends(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  while (text.ends_with(' ') || text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

Result<CommandLine> parse(std::vector<std::string> arguments, const std::string& version) {
  // Everything after the first `--` belongs to the program, whatever it looks like.
  std::vector<std::string> rest;
  const auto separator = std::ranges::find(arguments, "--");
  const bool separated = separator != arguments.end();
  if (separated) rest.assign(separator + 1, arguments.end());
  arguments.erase(separator, arguments.end());

  CommandLine line;
  RawRun raw;
  bool json = false;
  bool quiet = false;
  bool stdio = false;
  bool dry_run = false;
  std::int64_t client = 0;
  RawLog log;

  CLI::App app("Runs code in a fresh, hardened, throw-away container of a Docker engine.", "dind-executor");
  app.footer(kOverview);
  app.require_subcommand(1, 1);
  app.set_version_flag("--version,-V", "dind-executor " + version, "Print the version and exit");
  // Added on every level, so that these options may come before and after the command.
  const auto add_global = [&](CLI::App& to) {
    to.add_option("--host", line.host,
                  "The engine: unix:///path, tcp://host:port (default: configuration, DOCKER_HOST, docker context)")
        ->type_name("ADDRESS");
    to.add_option("--log-level", log.level, "debug, info, warning, error or off (default warning)")->type_name("LEVEL");
    to.add_option("--log-format", log.format, "text, or json: one object a line (default text)")->type_name("FORMAT");
    to.add_option("--log-file", log.file, "Write the log there instead of to stderr")->type_name("FILE");
  };
  add_global(app);

  CLI::App* run = app.add_subcommand("run", "Run a file, a program from stdin, or a command, and stream its output");
  run->formatter(std::make_shared<RunFormatter>());
  run->add_option("file", raw.file, "The program; `-` reads it from stdin")->type_name("FILE");
  run->add_option("--language,-l", raw.language, "How to run it (default: by extension, then by the #! line)")
      ->type_name("LANGUAGE");
  run->add_option("--image,-i", raw.image, "The image to run in (default: the language's)")->type_name("IMAGE");
  run->add_option("--timeout,-t", raw.timeout, "Wall-clock limit: seconds, or 500ms, 2m, 1h (default 60)")
      ->type_name("TIME");
  run->add_option("--memory,-m", raw.memory, "Memory limit: bytes, or 64m, 1.5g (default 512m)")->type_name("SIZE");
  run->add_option("--cpus", raw.cpus, "CPU limit, such as 0.5 (default 1)")->type_name("N");
  run->add_option("--pids", raw.pids, "Limit of processes and threads at once (default 256)")->type_name("N");
  run->add_option("--network", raw.network, "none or internet")->type_name("NETWORK")->capture_default_str();
  run->add_option("--pull", raw.pull, "When the image is pulled: missing, never or always (default missing)")
      ->type_name("WHEN");
  run->add_option("--with", raw.dependencies,
                  "Install a package first (\"requests>=2\"), in a sandbox of its own; may be repeated")
      ->type_name("PACKAGE")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  run->add_option("--with-requirements", raw.requirements_file, "Packages from a file (-: stdin)")->type_name("FILE");
  run->add_option("--mount-workspace", raw.workspace, "Mount the workspace at /workspaces: ro or rw")->type_name("HOW");
  run->add_option("--workspace", raw.folder,
                  "Run a whole folder: what it holds, or the command after --; it is writable in the sandbox "
                  "(--mount-workspace ro: not)")
      ->type_name("DIR");
  run->add_option("--program", raw.program,
                  "Which of the folder's programs; without it, and with several, a terminal is asked once")
      ->type_name("ID");
  run->add_flag("--choose", raw.choose, "Ask again which of the folder's programs, and remember it");
  run->add_option("--workdir,-w", raw.working_dir, "Where the program starts, in the sandbox")->type_name("FOLDER");
  run->add_option("--dockerfile", raw.dockerfile,
                  "Build this Dockerfile (`-`: stdin), and run the command (or its own) in it")
      ->type_name("FILE");
  run->add_option("--context", raw.context, "The folder that the Dockerfile may COPY from (default: none)")
      ->type_name("DIR");
  run->add_option("--build-arg", raw.build_args,
                  "Give an ARG of the Dockerfile a value (without one: that of the variable NAME); may be repeated")
      ->type_name("NAME[=VALUE]")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  run->add_option("--target", raw.target, "The stage of the Dockerfile to build (default: the last)")
      ->type_name("STAGE");
  run->add_option("--total-timeout", raw.total_timeout, "Limit of everything: queue, pull, packages, build and program")
      ->type_name("TIME");
  run->add_option("--isolation", raw.isolation,
                  "runc (namespaces of the engine's kernel) or gvisor (a kernel of its own); default runc")
      ->type_name("KIND");
  run->add_option("--env,-e", raw.env, "Set a variable of the program's environment; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  run->add_option("--stdin", raw.stdin_file,
                  "Give the program this file as its stdin (default: the stdin of this command)")
      ->type_name("FILE");
  run->add_flag("--json", json, "Print events as JSON lines on stdout instead of the output (docs/cli.md)");
  run->add_flag("--no-handover", raw.no_handover,
                "Run it in this process; do not hand it over to a running server of this user (serve, or an editor's)");
  run->add_flag("--no-history", raw.no_history, "Keep nothing of this run in the history");
  run->add_flag("--quiet,-q", quiet, "No progress and no verdict line on stderr");
  run->footer(kRunFooter);
  add_global(*run);

  CLI::App* languages = app.add_subcommand("languages", "List the languages, their extensions and images");
  languages->add_flag("--json", json, "As JSON");
  languages->footer(kLanguagesFooter);
  add_global(*languages);
  CLI::App* doctor =
      app.add_subcommand("doctor", "Check the engine and the images, and say what to do; exit 1 if runs would fail");
  doctor->add_flag("--json", json, "As JSON");
  doctor->footer(kDoctorFooter);
  add_global(*doctor);
  const auto add_host_option = [&](CLI::App& command) {
    command
        .add_option("--host-option", line.host_option,
                    "For editors: what messages call the source of --host, such as a setting")
        ->type_name("TEXT");
  };
  add_host_option(*doctor);
  CLI::App* gc = app.add_subcommand("gc", "Remove unused objects that dind-executor has created on the engine");
  gc->add_flag("--dry-run", dry_run, "Say what would be removed, and remove nothing");
  gc->add_flag("--json", json, "As JSON");
  gc->footer(kGcFooter);
  add_global(*gc);
  CLI::App* ps = app.add_subcommand("ps", "List the runs that are under way: whose, what, for how long");
  ps->add_flag("--json", json, "As JSON");
  ps->footer(kPsFooter);
  add_global(*ps);
  std::string stop_id;
  CLI::App* stop = app.add_subcommand("stop", "End a run that is under way");
  stop->add_option("id", stop_id, "Which run; the beginning of its id is enough")->type_name("ID")->required();
  stop->footer(kStopFooter);
  add_global(*stop);
  const HistoryOptions history(app, add_global);
  const ServeOptions service(app, add_global);
  CLI::App* lsp = app.add_subcommand("lsp", "Serve an editor: the Language Server Protocol on stdin and stdout");
  lsp->add_flag("--stdio", stdio, "Accepted for editors that give it; stdio is the only transport");
  CLI::Option* client_option = lsp->add_option("--clientProcessId", client, "End when this process does")
                                   ->type_name("PID")
                                   ->check(CLI::PositiveNumber);
  add_host_option(*lsp);
  lsp->footer(kLspFooter);
  add_global(*lsp);

  if (arguments.empty() && !separated) {
    return wrong(
        "Name a command: run, languages, doctor, gc, ps, stop, history, serve, rpc or lsp; `dind-executor --help` "
        "explains "
        "them");
  }
  if (!arguments.empty() && !arguments.front().starts_with('-') &&
      std::ranges::none_of(
          std::initializer_list<const CLI::App*>{run, languages, doctor, gc, ps, stop, history.command(),
                                                 service.serve(), service.rpc(), lsp},
          [&](const CLI::App* command) { return command->get_name() == arguments.front(); })) {
    return wrong("There is no command \"" + arguments.front() +
                 "\"; commands: run, languages, doctor, gc, ps, stop, history, serve, rpc, lsp; `dind-executor --help` "
                 "explains them");
  }
  if (const auto checked = check_options(arguments); !checked) return std::unexpected(checked.error());
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the end
  } catch (const CLI::CallForVersion& e) {
    line.command = ShowText{std::string(e.what()) + '\n'};
    return line;
  } catch (const CLI::Success&) {
    line.command = ShowText{app.help()};
    return line;
  } catch (const CLI::ExtrasError& e) {
    const std::string hint =
        run->parsed() ? "; the program's own arguments follow `--`" + files_for_options(arguments) : "";
    return wrong(without_line_ends(e.what()) + hint + "; `dind-executor --help` lists all commands and options");
  } catch (const CLI::ParseError& e) {
    return wrong(without_line_ends(e.what()) + "; `dind-executor --help` lists all commands and options");
  }

  // `--timeout ""` comes from an unset variable of a script. It must not silently mean the default.
  for (const auto* option : run->get_options()) {
    if (option->count() > 0 && option->results().front().empty() && option->get_expected_min() > 0) {
      return wrong(option->get_name() + ": the value is empty");
    }
  }
  const auto log_flags = log_of(log);
  if (!log_flags) return std::unexpected(log_flags.error());
  line.log = *log_flags;
  if (history.command()->parsed()) {
    auto asked = history.arguments(separated ? std::optional(std::move(rest)) : std::nullopt);
    if (!asked) return std::unexpected(asked.error());
    line.command = std::move(*asked);
    return line;
  }
  if (separated && !run->parsed()) return wrong("Only `run` and `history rerun` take arguments after --");
  if (run->parsed()) {
    auto asked = run_of(raw, std::move(rest), json, quiet);
    if (!asked) return std::unexpected(asked.error());
    line.command = std::move(*asked);
  } else if (languages->parsed()) {
    line.command = LanguagesArguments{json};
  } else if (doctor->parsed()) {
    line.command = DoctorArguments{json};
  } else if (gc->parsed()) {
    line.command = GcArguments{dry_run, json};
  } else if (ps->parsed()) {
    line.command = PsArguments{json};
  } else if (stop->parsed()) {
    if (stop_id.empty()) return wrong("stop: the id is empty; `dind-executor ps` lists the runs that are under way");
    line.command = StopArguments{std::move(stop_id)};
  } else if (service.serve()->parsed()) {
    auto asked = service.arguments();
    if (!asked) return std::unexpected(asked.error());
    line.command = std::move(*asked);
  } else if (service.rpc()->parsed()) {
    line.command = RpcArguments{};
  } else {
    line.command = LspArguments{client_option->count() > 0 ? std::optional(client) : std::nullopt};
  }
  return line;
}

}  // namespace dind::frontends::cli
