#include "frontends/cli/commands/typed_run.hpp"

#include <charconv>
#include <cmath>
#include <tuple>

#include "frontends/cli/commands/options.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

template <typename T>
Result<T> positive_number(const std::string& option, const std::string& text, const char* expected) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !(value > 0) ||
      !std::isfinite(static_cast<double>(value)))
    return wrong(option + ": \"" + text + "\" is not " + expected);
  return value;
}

Result<LimitsRequest> interpret_limits(const TypedRun& typed) {
  LimitsRequest limits;
  if (!typed.timeout.empty()) {
    const auto timeout = parse_duration(typed.timeout);
    if (!timeout) return wrong("--timeout: " + timeout.error().message);
    limits.timeout = *timeout;
  }
  for (const auto& [option, text, into] : {std::tuple("--memory: ", &typed.memory, &limits.memory_bytes),
                                           std::tuple("--tmp: ", &typed.tmp, &limits.tmp_bytes)}) {
    if (text->empty()) continue;
    const auto bytes = parse_bytes(*text);
    if (!bytes) return wrong(option + bytes.error().message);
    *into = *bytes;
  }
  if (!typed.cpus.empty()) {
    const auto cpus = positive_number<double>("--cpus", typed.cpus, "a number above 0 (0.5, 2)");
    if (!cpus) return std::unexpected(cpus.error());
    limits.cpus = *cpus;
  }
  if (!typed.pids.empty()) {
    const auto pids = positive_number<std::int64_t>("--pids", typed.pids, "a whole number above 0");
    if (!pids) return std::unexpected(pids.error());
    limits.pids = *pids;
  }
  return limits;
}

// Options that exclude each other, or that have no meaning alone.
Result<void> check_build(const RunArguments& run) {
  if (run.dockerfile && (run.file || run.image))
    return wrong("run: --dockerfile says what runs and in which image: remove FILE and --image");
  if (!run.dockerfile && !run.context.empty()) return wrong("run: --context needs --dockerfile FILE");
  if (!run.dockerfile && !run.folder && (!run.build_args.empty() || !run.target.empty()))
    return wrong("run: --build-arg and --target need --dockerfile FILE");
  if (run.dockerfile && run.language) return wrong("run: --dockerfile says what runs: remove --language");
  return {};
}

Result<void> check_workspace(const RunArguments& run) {
  const bool chooses = run.program || run.choose;
  if (!run.folder && chooses) return wrong("run: --program and --choose need --workspace DIR");
  if (run.folder && run.dockerfile && chooses)
    return wrong("run: --dockerfile says what of the folder runs: remove --program and --choose");
  if (run.folder && !run.context.empty()) return wrong("run: --workspace DIR is the build's context: remove --context");
  if (chooses && (run.file || !run.args.empty()))
    return wrong("run: --program and --choose say what of the folder runs: remove the FILE or COMMAND");
  if (run.program && run.choose) return wrong("run: --program names the program: remove --choose");
  return {};
}

Result<void> check_program(const RunArguments& run) {
  if (!run.file && !run.folder && (!run.dependencies.empty() || run.requirements_file))
    return wrong("run: --with needs a FILE; for a command, use an image that has its packages");
  const bool names_program = run.file || run.dockerfile || run.folder;
  if (!names_program && !run.image && run.args.empty())
    return wrong(
        "run: name a FILE (`dind-executor run hello.py`), `-` for a program on stdin, an image (`--image IMAGE`), or a "
        "command in it (`--image IMAGE -- COMMAND`)");
  if (!names_program && !run.image)
    return wrong("run: a command needs an image: `dind-executor run --image IMAGE -- " + run.args.front() + " …`");
  if (!run.file && run.language && (!run.folder || run.args.empty()))
    return wrong("run: --language needs a FILE; a command or an image has no language");
  return {};
}

// Sets what is one of a few words.
Result<void> interpret_choices(const TypedRun& typed, RunArguments& run) {
  if (!typed.workspace.empty()) {
    run.workspace = typed.workspace == "ro"   ? std::optional(WorkspaceAccess::read_only)
                    : typed.workspace == "rw" ? std::optional(WorkspaceAccess::read_write)
                                              : std::nullopt;
    if (!run.workspace) return wrong("--mount-workspace: \"" + typed.workspace + "\" is neither ro nor rw");
  }
  if (typed.network != "none" && typed.network != "internet")
    return wrong("--network: \"" + typed.network + "\" is neither none nor internet");
  run.network = typed.network == "internet" ? Network::internet : Network::none;
  if (!typed.pull.empty()) {
    run.pull = parse_pull_policy(typed.pull);
    if (!run.pull) return wrong("--pull: \"" + typed.pull + "\" is not missing, never or always");
  }
  if (!typed.isolation.empty()) {
    run.isolation = parse_isolation(typed.isolation);
    if (!run.isolation) return wrong("--isolation: \"" + typed.isolation + "\" is neither runc nor gvisor");
  }
  return {};
}

Result<std::map<std::string, std::optional<std::string>>> interpret_build_args(const std::vector<std::string>& pairs) {
  std::map<std::string, std::optional<std::string>> values;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (pair.empty() || equals == 0) return wrong("--build-arg: one of the values is neither NAME=VALUE nor NAME");
    values.insert_or_assign(pair.substr(0, equals),
                            equals == std::string::npos ? std::nullopt : std::optional(pair.substr(equals + 1)));
  }
  return values;
}

}  // namespace

Result<RunArguments> interpret(const TypedRun& typed, std::vector<std::string> args) {
  auto build_args = interpret_build_args(typed.build_args);
  if (!build_args) return std::unexpected(build_args.error());
  RunArguments run;
  run.file = optional_text(typed.file);
  run.language = optional_text(typed.language);
  run.image = optional_text(typed.image);
  run.args = std::move(args);
  run.stdin_file = optional_text(typed.stdin_file);
  run.dockerfile = optional_text(typed.dockerfile);
  run.context = typed.context;
  run.build_args = std::move(*build_args);
  run.target = typed.target;
  run.folder = optional_text(typed.folder);
  run.program = optional_text(typed.program);
  run.choose = typed.choose;
  run.dependencies = typed.dependencies;
  run.requirements_file = optional_text(typed.requirements_file);
  run.working_dir = typed.working_dir;
  run.no_handover = typed.no_handover;
  run.record = !typed.no_history;
  run.json = typed.json;
  run.quiet = typed.quiet;
  for (const auto check : {check_build, check_workspace, check_program})
    if (const auto checked = check(run); !checked) return std::unexpected(checked.error());
  if (const auto chosen = interpret_choices(typed, run); !chosen) return std::unexpected(chosen.error());
  const auto limits = interpret_limits(typed);
  if (!limits) return std::unexpected(limits.error());
  run.limits = *limits;
  if (!typed.total_timeout.empty()) {
    const auto total = parse_duration(typed.total_timeout);
    if (!total) return wrong("--total-timeout: " + total.error().message);
    run.total_timeout = *total;
  }
  auto env = parse_variables(typed.env);
  if (!env) return std::unexpected(env.error());
  run.env = std::move(*env);
  return run;
}

}  // namespace dind::frontends::cli
