#include <CLI/CLI.hpp>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/commands/typed_run.hpp"
#include "frontends/cli/run_command.hpp"

namespace dind::frontends::cli {
namespace {

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

class RunCommand final : public SubcommandOf<RunArguments> {
 public:
  const char* name() const override { return "run"; }
  const char* summary() const override {
    return "Run a file, a program from stdin, or a command, and stream its output";
  }
  const char* examples() const override {
    return R"(Defaults (an operator may set other ones, and maxima, in the configuration file):
  timeout 60 s · memory 512m · 1 CPU · 256 processes · /tmp 64 MiB · no network

Exit codes:
  the program's own; 128 + N where signal N ended it
  121 too many processes   122 disk full            123 too much output
  124 timeout              125 it could not be run (bad input, no engine, no image); stderr says what to do
  137 out of memory        129, 130, 143 stopped by SIGHUP, Ctrl-C, SIGTERM
  141 the reader of the output went away

Examples:
  dind-executor run hello.py
  dind-executor run --timeout 5 --memory 128m train.py -- --epochs 3
  dind-executor run --stdin numbers.txt sum.py      (without --stdin: that of the shell)
  dind-executor run --with requests fetch.py        (packages first; the program has no network)
  dind-executor run --json hello.js | jq -r 'select(.event == "output").text'
  dind-executor run --image debian:bookworm-slim -- cat /etc/os-release
  dind-executor run --workspace .                   (the folder: its Dockerfile, npm start, main.py or Makefile)
  dind-executor run --workspace . -- npm test
  dind-executor run --dockerfile docker/Dockerfile --context . --build-arg VERSION=2 --target test)";
  }
  bool takes_rest() const override { return true; }
  void add_options(CLI::App& to) override {
    options_ = &to;
    to.formatter(std::make_shared<RunFormatter>());
    add_program_options(to);
    add_limit_options(to);
    add_workspace_options(to);
    add_build_options(to);
    add_output_options(to);
  }

 private:
  void add_program_options(CLI::App& to) {
    to.add_option("file", typed_.file, "The program; `-` reads it from stdin")->type_name("FILE");
    to.add_option("--language,-l", typed_.language, "How to run it (default: by extension, then by the #! line)")
        ->type_name("LANGUAGE");
    to.add_option("--image,-i", typed_.image, "The image to run in (default: the language's)")->type_name("IMAGE");
    to.add_option("--pull", typed_.pull, "When to pull the image: missing, never or always (default missing)")
        ->type_name("WHEN");
    add_repeated(to, "--with", typed_.dependencies,
                 "Install a package first (\"requests>=2\"), in a sandbox of its own; may be repeated", "PACKAGE");
    to.add_option("--with-requirements", typed_.requirements_file, "Install the packages of a file first (-: stdin)")
        ->type_name("FILE");
    add_repeated(to, "--env,-e", typed_.env, "Set a variable of the program's environment; may be repeated",
                 "NAME=VALUE");
    to.add_option("--stdin", typed_.stdin_file,
                  "Give the program this file as its stdin (default: the stdin of this command)")
        ->type_name("FILE");
    to.add_option("--workdir,-w", typed_.working_dir,
                  "Where the program starts: an absolute path in the sandbox (default: the program's own folder)")
        ->type_name("FOLDER");
  }

  void add_limit_options(CLI::App& to) {
    to.add_option("--timeout,-t", typed_.timeout,
                  "Limit of the program's time: seconds, or 500ms, 2m, 1h; above 0 (default 60)")
        ->type_name("TIME");
    to.add_option("--total-timeout", typed_.total_timeout,
                  "Limit of queue, pull, packages, build and program together (default: each has its own limit)")
        ->type_name("TIME");
    to.add_option("--memory,-m", typed_.memory, "Memory limit: bytes, or 64m, 1.5g; at least 6m (default 512m)")
        ->type_name("SIZE");
    to.add_option("--cpus", typed_.cpus, "CPU limit, such as 0.5; at least 0.01 (default 1)")->type_name("N");
    to.add_option("--pids", typed_.pids, "Limit of processes and threads at the same time; at least 2 (default 256)")
        ->type_name("N");
    to.add_option("--tmp", typed_.tmp,
                  "Size of each folder in memory (/tmp, /sandbox, /dev/shm): bytes, or 256m; at least 1m (default 64m)")
        ->type_name("SIZE");
    to.add_option("--network", typed_.network, "none or internet")->type_name("NETWORK")->capture_default_str();
    to.add_option("--isolation", typed_.isolation,
                  "runc (namespaces of the engine's kernel) or gvisor (a kernel of its own); default runc")
        ->type_name("KIND");
  }

  void add_workspace_options(CLI::App& to) {
    to.add_option("--workspace", typed_.folder,
                  "Run a whole folder: what it holds, or the command after --; it is writable in the sandbox "
                  "(--mount-workspace ro: not)")
        ->type_name("DIR");
    to.add_option("--mount-workspace", typed_.workspace,
                  "Mount the workspace at /workspaces: ro (read-only) or rw (default: not mounted)")
        ->type_name("HOW");
    to.add_option("--program", typed_.program,
                  "Which of the folder's programs; without it, and with several, a terminal is asked once")
        ->type_name("ID");
    to.add_flag("--choose", typed_.choose, "Ask again which of the folder's programs, and remember it");
  }

  void add_build_options(CLI::App& to) {
    to.add_option("--dockerfile", typed_.dockerfile,
                  "Build this Dockerfile (`-`: stdin), and run the command (or its own) in it")
        ->type_name("FILE");
    to.add_option("--context", typed_.context, "The folder that the Dockerfile may COPY from (default: none)")
        ->type_name("DIR");
    add_repeated(to, "--build-arg", typed_.build_args,
                 "Give an ARG of the Dockerfile a value (without one: that of the variable NAME); may be repeated",
                 "NAME[=VALUE]");
    to.add_option("--target", typed_.target, "The stage of the Dockerfile to build (default: the last)")
        ->type_name("STAGE");
  }

  void add_output_options(CLI::App& to) {
    to.add_flag("--json", typed_.json, "Print events as JSON lines on stdout instead of the output (docs/cli.md)");
    to.add_flag("--no-handover", typed_.no_handover,
                "Run it in this process; do not hand it over to a running server of this user (serve, or an editor's)");
    to.add_flag("--no-history", typed_.no_history, "Keep nothing of this run in the history");
    to.add_flag("--quiet,-q", typed_.quiet, "No progress and no verdict line on stderr");
  }

  Result<RunArguments> read_arguments(Rest rest) const override {
    if (const auto checked = refuse_empty_values(*options_, "run"); !checked) return std::unexpected(checked.error());
    return interpret(typed_, std::move(rest).value_or(std::vector<std::string>()));
  }
  int execute(RunArguments arguments, Program& program) const override {
    const auto target = program.run_target(arguments);
    if (!target) return report(target.error());
    return program.run(
        run_command(program.executor(), target->runs, std::move(arguments), process_streams(), target->workspaces),
        target->background);
  }

  TypedRun typed_;
  const CLI::App* options_ = nullptr;
};

}  // namespace

std::unique_ptr<Subcommand> make_run_command() { return std::make_unique<RunCommand>(); }

}  // namespace dind::frontends::cli
